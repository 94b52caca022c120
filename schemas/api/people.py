"""One person, over all campaigns, and taking them out."""

from pydantic import BaseModel, ConfigDict, Field


class Erase(BaseModel):
    """How an erasure is meant."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(False, description="Say what would go, and change nothing.")


class Gone(BaseModel):
    """What went, in rows; `name` stands for the person from now on.

    While `waiting` webhook bodies name the person, erase them again later. Reports and exports of `campaigns` that were
    made before still name the person, and so do `copies` of the state folder: deleting those is yours.
    """

    name: str
    contacts: int
    events: int
    consent: int
    deliveries: int
    set_aside: int
    lists: int
    bodies: int
    waiting: int
    campaigns: list[str]
    copies: list[str]
    dry_run: bool
