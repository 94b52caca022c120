"""What a route works with: the opened resources, and in whose name; and the right that it asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request

from campaigns.access import Right, allowed
from campaigns.lifecycle import find
from campaigns.runtime import Runtime, now_of
from schemas.api_key import ApiKey
from schemas.campaign import Campaign


@dataclass(frozen=True)
class Desk:
    """One request's: `environment` is where secrets are looked up."""

    runtime: Runtime
    environment: Mapping[str, str]
    key: ApiKey

    @property
    def actor(self) -> str:
        """Who it is, for the timeline and the audit."""
        return f"key:{self.key.name}"

    def now(self) -> int:
        """Return the database's time in epoch milliseconds."""
        with self.runtime.reading() as conn:
            return now_of(conn)

    def campaign(self, ref: str) -> Campaign:
        """Return the campaign of that id; raises NotFoundError."""
        with self.runtime.reading() as conn:
            return find.exactly(conn, ref)


def _desk(request: Request) -> Desk:
    state = request.app.state
    return Desk(state.runtime, state.environment, request.state.key)


Here = Annotated[Desk, Depends(_desk)]


def may(right: Right) -> dict[str, Any]:
    """Return what a route's decorator takes so that the route asks for a right, and its documentation says so."""

    def ask(desk: Here) -> None:
        if not allowed(desk.key.role, right):
            raise HTTPException(
                403, f"The key {desk.key.name} has the role {desk.key.role}, which lacks the right {right}."
            )

    return {"dependencies": [Depends(ask)], "openapi_extra": {"x-right": right.value}}
