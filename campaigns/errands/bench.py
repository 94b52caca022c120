"""What an errand works with, and what it leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import to_json

from campaigns.lifecycle import find
from campaigns.runtime import Runtime, now_of
from schemas.campaign import Campaign


@dataclass(frozen=True, slots=True)
class Bench:
    """One errand's: `environment` is where secrets are looked up, `folder` is empty and for its file."""

    runtime: Runtime
    environment: Mapping[str, str]
    folder: Path
    actor: str

    def now(self) -> int:
        """Return the database's time in epoch milliseconds."""
        with self.runtime.reading() as conn:
            return now_of(conn)

    def campaign(self, ref: str) -> Campaign:
        """Return the campaign of that id; raises NotFoundError."""
        with self.runtime.reading() as conn:
            return find.exactly(conn, ref)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: a JSON document, or the name of a file in the bench's folder."""

    document: str = ""
    file: str = ""


def made(document: BaseModel | Sequence[BaseModel]) -> Made:
    """Return a document as what was made."""
    return Made(to_json(document).decode())
