"""What is asked of the API, as a value: nothing happens before a client does it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Generic, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter

from campaigns.errors import InputError

Data = TypeVar("Data")
Shown = TypeVar("Shown")

_LONG_S = 3600.0
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Call(Generic[Data]):
    """One operation; `answer` is the shape of what comes, `bytes` where that is a file.

    `path` is below /api/v1. A POST has a word of its own, its Idempotency-Key: however often one call is done, the
    server does it once. A call that sends a `file` is read from there as it goes.
    """

    method: str
    path: str
    answer: type[Data]
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    file: Path | None = None
    start: int = 0
    """The first byte of the file that is sent."""
    streamed: bool = False
    """Whether the answer is read as it comes."""
    patience: float | None = None
    """Seconds between two signs of life, where it takes longer than the client waits, and is no job."""

    @property
    def repeatable(self) -> bool:
        """Whether it may be asked again although it may have been done."""
        return self.method == "GET" or "Idempotency-Key" in self.headers

    def with_stream(self) -> Self:
        """Return the same, whose answer is read as it comes."""
        return replace(self, streamed=True)

    def with_patience(self) -> Self:
        """Return the same, for which the server may be silent for an hour."""
        return replace(self, patience=_LONG_S)

    def shown(self, document: Any) -> Data:
        """Return the shape of a JSON document; raises ValidationError."""
        answer: Any = self.answer
        found: Data = _shape(answer).validate_python(document)
        return found

    def read(self, response: httpx.Response) -> Data:
        """Return what was asked for; raises ValueError for an answer of another shape."""
        return self.shown(response.content if self.answer is bytes else response.json()["data"])


@dataclass(frozen=True)
class Listing(Call[list[Shown]]):
    """What comes in pages; done by itself it is the first one."""

    def after(self, cursor: str) -> Self:
        """Return what asks for the page that the cursor leads to."""
        return replace(self, params={**self.params, "cursor": cursor})


def at(*parts: str) -> str:
    """Return the path of these parts, whatever they hold."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def get(path: str, answer: type[Data], **params: Any) -> Call[Data]:
    """Return what reads; parameters that are None are left out."""
    return Call("GET", path, answer, params=_given(params))


def listing(path: str, answer: type[list[Shown]], **params: Any) -> Listing[Shown]:
    """Return what reads a list in pages; parameters that are None are left out."""
    return Listing("GET", path, answer, params=_given(params))


def post(path: str, answer: type[Data], body: BaseModel | Mapping[str, Any] | None = None, **params: Any) -> Call[Data]:
    """Return what does something; the body's fields that nobody set, and parameters that are None, are left out."""
    headers = {"Idempotency-Key": secrets.token_urlsafe(24)}
    if body is None:
        return Call("POST", path, answer, params=_given(params), headers=headers)
    if isinstance(body, BaseModel):
        content = body.model_dump_json(by_alias=True, exclude_unset=True)
    else:
        content = json.dumps(body, default=str)
    return Call("POST", path, answer, params=_given(params), headers=headers | _JSON, content=content.encode())


def send(path: str, answer: type[Data], file: Path, **params: Any) -> Call[Data]:
    """Return what sends a file, which is the same however often it comes; raises InputError for one that is not there.

    Parameters that are None are left out.
    """
    try:
        size = file.stat().st_size
    except OSError as error:
        raise InputError(f"Cannot read {file}: {error.strerror}. Check the path.") from error
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    return Call("POST", path, answer, params=_given(params), headers=headers, file=file)


def delete(path: str, answer: type[Data], **params: Any) -> Call[Data]:
    """Return what takes something away; parameters that are None are left out."""
    return Call("DELETE", path, answer, params=_given(params))


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


@cache
def _shape(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)
