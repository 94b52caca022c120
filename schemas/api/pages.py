"""The sending accounts."""

from pydantic import BaseModel, Field

from schemas.account import Account
from schemas.campaign_file import PageEntry


class NewPage(PageEntry):
    """A page as `[pages.NAME]` of a campaign file has it; `token` says where the token is, and is never itself."""

    name: str = Field(min_length=1, max_length=100, examples=["acme"])


class Stored(Account):
    """A page that is stored; `notes` are doubts, such as a secret that is not set."""

    notes: list[str]


class Removed(BaseModel):
    """A page that is out of use."""

    name: str
    removed: bool
