"""People of ours whom tests may go to, and the tests."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.outcome import Verdict
from schemas.trial import PartAnswer
from schemas.view import View


class Tester(BaseModel):
    """Somebody whom an account may send tests to; `page` is null where no page has the account any more."""

    recipient_id: str = Field(examples=["17900000000000777"])
    page: str | None = Field(examples=["acme"])
    channel: str = Field(examples=["instagram"])
    account_id: str = Field(examples=["17841400000000001"])
    note: str = Field(examples=["Ana of the shop"])
    added_at: str = Field(examples=["2026-12-01T08:00:00.000Z"])
    added_by: str = Field(examples=["key:crm-export"])
    tested_at: str | None = Field(examples=["2026-12-01T08:05:00.000Z"])


class NewTester(BaseModel):
    """Who it is, and the page that may send them tests."""

    model_config = ConfigDict(extra="forbid")

    recipient_id: str = Field(description="As the page's account knows them.", examples=["17900000000000777"])
    page: str = Field(examples=["acme"])
    note: str = Field("", max_length=1_000, description="Who that is, for people.", examples=["Ana of the shop"])
    dry_run: bool = Field(False, description="Say what would happen, and change nothing.")


class Allowed(BaseModel):
    """Whether they are new; of a known tester the note is changed."""

    recipient_id: str = Field(examples=["17900000000000777"])
    page: str = Field(examples=["acme"])
    added: bool = Field(examples=[True])
    dry_run: bool


class Disallowed(BaseModel):
    """Of how many accounts they are no tester any more."""

    recipient_id: str = Field(examples=["17900000000000777"])
    page: str | None = Field(examples=["acme"])
    removed: int = Field(examples=[1])
    dry_run: bool


class Test(BaseModel):
    """Who gets a campaign's message as a test, and with whose cells."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    to: str = Field(description="A tester.", examples=["17900000000000777"])
    like: str | None = Field(
        None,
        alias="as",
        description="The line or recipient whose cells it has; else the first who would get it.",
        examples=["2"],
    )
    page: str | None = Field(None, description="The page that sends it.", examples=["acme"])
    anyway: bool = Field(False, description='Without an open window: let the platform judge (policy = "provider").')
    dry_run: bool = Field(False, description="Say what would go out, and send nothing.")


class Like(BaseModel):
    """Whose cells a test has."""

    line: int = Field(examples=[2])
    recipient_id: str = Field(examples=["17840000000000001"])


class Tested(BaseModel):
    """What became of a test: `answers` has one for each part that was tried.

    A dry run has `requests` (the token's reference stands in the place of the token) and the message as it is seen.
    """

    model_config = ConfigDict(populate_by_name=True)

    id: str = Field(examples=["k7m2x9qa"])
    name: str = Field(examples=["Spring"])
    page: str = Field(examples=["acme"])
    channel: str = Field(examples=["instagram"])
    recipient_id: str = Field(examples=["17900000000000777"])
    like: Like = Field(alias="as")
    parts: list[str] = Field(examples=[["Hi Ana, the new menu is out."]])
    outcome: Verdict | str | None = Field(examples=["accepted"])
    sentence: str = Field(examples=["accepted by Meta, message id m_1."])
    answers: list[PartAnswer]
    requests: list[dict[str, Any]] = Field(examples=[[]])
    view: View | None = Field(examples=[None])
    dry_run: bool
