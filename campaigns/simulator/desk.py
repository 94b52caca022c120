"""The platform's back office, over HTTP: what it saw, what it is to do, and what people are to say.

GET  /stats                                      the counts, see Books.stats
GET  /accepted?account=&offset=&limit=           accepted messages, at most 10,000 a page
GET  /webhooks?idle=SECONDS                      the counts, see Courier.counts; waits so long until all are posted
POST /say                                        have a person write now, see saying.read
POST /reset                                      forget everything seen
POST /scenario                                   replace some fields of the scenario, keep the counts
"""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from campaigns.errors import InputError
from campaigns.simulator import saying
from campaigns.simulator.answer import decode
from campaigns.simulator.courier import Courier
from campaigns.simulator.people import People
from campaigns.simulator.receiver import Receiver

PAGE = 10_000
MOST_IDLE_SECONDS = 60.0


class Desk:
    """An ASGI application over the parts of a simulation; `change` replaces fields of the scenario.

    `about` is what it says of the platforms at `/`, above its own routes.
    """

    def __init__(
        self, receiver: Receiver, people: People, courier: Courier, change: Callable[[dict[str, Any]], None], about: str
    ) -> None:
        self._words = f"{about}\n{__doc__}"
        self._receiver = receiver
        self._people = people
        self._courier = courier
        self._change_fields = change
        self.app = Starlette(
            routes=[
                Route("/", self._about),
                Route("/stats", self._stats),
                Route("/accepted", self._accepted),
                Route("/webhooks", self._webhooks),
                Route("/say", self._say, methods=["POST"]),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/scenario", self._change, methods=["POST"]),
            ]
        )

    async def _about(self, request: Request) -> Response:
        del request
        return PlainTextResponse(self._words)

    async def _stats(self, request: Request) -> Response:
        del request
        return JSONResponse(self._receiver.books.stats())

    async def _accepted(self, request: Request) -> Response:
        asked = request.query_params
        try:
            offset, limit = int(asked.get("offset", 0)), min(PAGE, int(asked.get("limit", PAGE)))
        except ValueError:
            return PlainTextResponse("offset and limit are whole numbers\n", status_code=422)
        messages = self._receiver.books.messages(asked.get("account"), max(0, offset), max(0, limit))
        return JSONResponse({"accepted": messages, "next": offset + limit if len(messages) == limit else None})

    async def _webhooks(self, request: Request) -> Response:
        try:
            seconds = float(request.query_params.get("idle", 0))
        except ValueError:
            return PlainTextResponse("idle is a number of seconds\n", status_code=422)
        idle = await self._courier.settled(min(seconds, MOST_IDLE_SECONDS))
        return JSONResponse({"idle": idle, **self._courier.counts()})

    async def _say(self, request: Request) -> Response:
        try:
            said = saying.read(decode(await request.body()), self._receiver.scenario)
        except InputError as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=422)
        if said.event is not None:
            self._people.tell(saying.event(said, self._receiver.now()))
            return JSONResponse({"told": True})
        message = self._receiver.hear(said.message)
        self._people.say(message)
        return JSONResponse({"message_id": message.mid, "at_ms": int(message.at * 1000)})

    async def _reset(self, request: Request) -> Response:
        del request
        self._receiver.reset()
        self._courier.forget()
        return JSONResponse({"reset": True})

    async def _change(self, request: Request) -> Response:
        try:
            self._change_fields(decode(await request.body()))
        except InputError as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=422)
        return JSONResponse({"changed": True})
