"""The simulator as an ASGI application.

Sends take a bare path, for a benchmark asks thousands a second of it; the rest is a small Starlette application:

    POST /{v26.0}/{me|account}/messages              Meta; Authorization: Bearer sim-<account>
    POST /api/v1/messages/{instagram|messenger}      Orbit; X-API-Key: sim-<anything>
    GET  /{v26.0}/me                                 who a Meta token is
    GET  /api/v1/messages                            what an Orbit key may see: nothing, but it is told so
    GET  /stats                                      the counts, see Books.stats
    GET  /accepted?account=&offset=&limit=           accepted messages, at most 10,000 a page
    POST /reset                                      forget everything seen
    POST /scenario                                   replace some fields of the scenario, keep the counts
"""

import re
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from campaigns.errors import InputError
from campaigns.simulator.answer import Answer, decode
from campaigns.simulator.graph import Graph
from campaigns.simulator.line import Receive, Scope, Send, body_of, deliver
from campaigns.simulator.orbit import Orbit
from campaigns.simulator.receiver import Receiver
from campaigns.simulator.scenario import Scenario

GRAPH_PATH = re.compile(r"/v\d+\.\d+/([^/]+)/messages")
GRAPH_ME = re.compile(r"/v\d+\.\d+/me")
ORBIT_LIST = re.compile(r"/api/v\d+/messages")
ORBIT_PATH = re.compile(r"/api/v\d+/messages/(instagram|messenger)")
PAGE = 10_000


class Simulation:
    """Graph and Orbit for one scenario, as an ASGI application with a memory."""

    def __init__(self, scenario: Scenario, clock: Callable[[], float] | None = None) -> None:
        self.receiver = Receiver(scenario, clock)
        self._learn()
        self._desk = Starlette(
            routes=[
                Route("/", self._about),
                Route("/stats", self._stats),
                Route("/accepted", self._accepted),
                Route("/reset", self._reset, methods=["POST"]),
                Route("/scenario", self._change, methods=["POST"]),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"]
            if place := GRAPH_PATH.fullmatch(path):
                return await deliver(await self._graph_send(place[1], scope, receive), scope, receive, send)
            if place := ORBIT_PATH.fullmatch(path):
                return await deliver(await self._orbit_send(place[1], scope, receive), scope, receive, send)
        if scope["type"] == "http" and scope["method"] == "GET" and (answer := self._looked_up(scope)):
            return await deliver(answer, scope, receive, send)
        return await self._desk(scope, receive, send)

    def _looked_up(self, scope: Scope) -> Answer | None:
        headers = dict(scope["headers"])
        if GRAPH_ME.fullmatch(scope["path"]):
            call = self._graph.read("me", headers, _token_of(scope["query_string"]), b"{}")
            return self._graph.me(call, self.receiver.look(call))
        if ORBIT_LIST.fullmatch(scope["path"]):
            call = self._orbit.read("instagram", headers, b"{}")
            return self._orbit.listing(call, self.receiver.look(call))
        return None

    async def _graph_send(self, account: str, scope: Scope, receive: Receive) -> Answer:
        body = await body_of(receive)
        call = self._graph.read(account, dict(scope["headers"]), _token_of(scope["query_string"]), body)
        return self.receiver.answer(self._graph, call)

    async def _orbit_send(self, channel: str, scope: Scope, receive: Receive) -> Answer:
        body = await body_of(receive)
        call = self._orbit.read(channel, dict(scope["headers"]), body)
        return self.receiver.answer(self._orbit, call)

    def _learn(self) -> None:
        self._graph = Graph(self.receiver.scenario)
        self._orbit = Orbit(self.receiver.scenario)

    async def _about(self, request: Request) -> Response:
        del request
        return PlainTextResponse(f"A simulated Graph and Orbit. Nothing here reaches a person.\n\n{__doc__}")

    async def _stats(self, request: Request) -> Response:
        del request
        return JSONResponse(self.receiver.books.stats())

    async def _accepted(self, request: Request) -> Response:
        asked = request.query_params
        try:
            offset, limit = int(asked.get("offset", 0)), min(PAGE, int(asked.get("limit", PAGE)))
        except ValueError:
            return PlainTextResponse("offset and limit are whole numbers\n", status_code=422)
        messages = self.receiver.books.messages(asked.get("account"), max(0, offset), max(0, limit))
        return JSONResponse({"accepted": messages, "next": offset + limit if len(messages) == limit else None})

    async def _reset(self, request: Request) -> Response:
        del request
        self.receiver.reset()
        return JSONResponse({"reset": True})

    async def _change(self, request: Request) -> Response:
        try:
            self.receiver.follow(self.receiver.scenario.changed(**decode(await request.body())))
        except InputError as wrong:
            return JSONResponse({"error": str(wrong)}, status_code=422)
        self._learn()
        return JSONResponse({"changed": True})


def _token_of(query: bytes) -> str:
    return parse_qs(query.decode("latin-1")).get("access_token", [""])[0] if query else ""


def application(scenario: Scenario | None = None, clock: Callable[[], float] | None = None) -> Simulation:
    """Return the simulator for httpx.ASGITransport or any ASGI server; `clock` gives epoch seconds and never falls."""
    return Simulation(scenario or Scenario(), clock)
