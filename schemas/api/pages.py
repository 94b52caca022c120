"""The sending accounts."""

from pydantic import BaseModel, ConfigDict, Field

from schemas.account import Account
from schemas.campaign_file import PageEntry


class NewPage(PageEntry):
    """A page as `[pages.NAME]` of a campaign file has it; `token` says where the token is, and is never itself."""

    name: str = Field(min_length=1, max_length=100, examples=["acme"])


class Stored(Account):
    """A page that is stored, and whether it is new; `notes` are doubts, such as a secret that is not set."""

    added: bool = Field(examples=[True])
    notes: list[str]


class Resumed(Account):
    """A page that may send again; `notes` say what else is over with that, such as its account's pause."""

    notes: list[str]


class Removed(Account):
    """A page that is out of use, as it was."""

    removed: bool = Field(examples=[True])
    dry_run: bool


class TokenCheck(BaseModel):
    """What the platform says of a page's token: `accepted` is null where it does not tell.

    `account_id` and `token_name` are those that the token belongs to, where the platform gives them.
    """

    name: str = Field(examples=["acme"])
    accepted: bool | None = Field(examples=[True])
    sentence: str = Field(examples=["The token is accepted."])
    code: str = Field(examples=[""])
    account_id: str | None = Field(examples=["17841400000000001"])
    token_name: str | None = Field(examples=["Acme"])
    parked: bool = Field(examples=[False])


class Pull(BaseModel):
    """How far back to read."""

    model_config = ConfigDict(extra="forbid")

    since: str | None = Field(None, description="Without it, from the last pull on.", examples=["24h"])
    dry_run: bool = Field(False, description="Say what it would bring, and change nothing.")


class Pulled(BaseModel):
    """What a pull brought; where it is not `complete`, `sentence` says why.

    `unclear` messages name neither side as the page's account: check its account_id.
    """

    name: str = Field(examples=["acme"])
    complete: bool = Field(examples=[True])
    sentence: str = Field(examples=[""])
    conversations: int = Field(examples=[12])
    messages: int = Field(examples=[20])
    echoes: int = Field(examples=[3])
    windows: int = Field(examples=[9])
    opted_out: int = Field(examples=[1])
    settled: int = Field(examples=[0])
    unclear: int = Field(examples=[0])
    dry_run: bool
