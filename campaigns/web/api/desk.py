"""What a route works with: the opened resources, and in whose name; and the right that it asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, HTTPException, Request

from campaigns.access import allowed, holds
from campaigns.lifecycle import find
from campaigns.runtime import Runtime, now_of
from schemas.api_key import ApiKey
from schemas.campaign import Campaign
from schemas.right import Right

AT_ONCE = 2
"""How many lists, plans and reports are worked on at the same time: each takes a core, and much memory."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class Desk:
    """One request's: `environment` is where secrets are looked up."""

    runtime: Runtime
    environment: Mapping[str, str]
    key: ApiKey
    heavy: CapacityLimiter

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

    def need(self, right: Right) -> None:
        """Raise an HTTPException unless the key has the right."""
        if not allowed(self.key.role, right):
            raise HTTPException(
                403, f"The key {self.key.name} has the role {self.key.role}, which lacks the right {right}."
            )
        if not holds(self.key, right):
            raise HTTPException(403, f"The scopes of the key {self.key.name} lack the right {right}.")

    async def heavily(self, work: Callable[[], Made]) -> Made:
        """Do what takes long, in a thread of its own once there is one free; other requests go on."""
        return await run_sync(work, limiter=self.heavy)


def _desk(request: Request) -> Desk:
    state = request.app.state
    return Desk(state.runtime, state.environment, request.state.key, state.heavy)


Here = Annotated[Desk, Depends(_desk)]


def may(right: Right) -> dict[str, Any]:
    """Return what a route's decorator takes so that the route asks for a right, and its documentation says so."""

    def ask(desk: Here) -> None:
        desk.need(right)

    return {"dependencies": [Depends(ask)], "openapi_extra": {"x-right": right.value}}
