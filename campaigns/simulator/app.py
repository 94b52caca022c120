"""The simulator as an ASGI application.

Sends take a bare path, for a benchmark asks thousands a second of it; the desk is a small Starlette application:

    POST /{v26.0}/{me|account}/messages              Meta; Authorization: Bearer sim-<account>
    POST /api/v1/messages/{instagram|messenger}      Orbit; X-API-Key: sim-<anything>
    GET  /{v26.0}/me                                 who a Meta token is
    GET  /{v26.0}/{me|account}/conversations         what was said, see conversations
    GET  /api/v1/messages                            what an Orbit key may see: nothing, but it is told so

Everything else is the desk's, see desk.
"""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from campaigns.simulator.answer import Answer
from campaigns.simulator.conversations import Conversations
from campaigns.simulator.courier import Courier
from campaigns.simulator.desk import Desk
from campaigns.simulator.graph import Graph
from campaigns.simulator.line import Receive, Scope, Send, body_of, deliver
from campaigns.simulator.orbit import Orbit
from campaigns.simulator.people import People
from campaigns.simulator.receiver import Receiver
from campaigns.simulator.scenario import Scenario

GRAPH_PATH = re.compile(r"/v\d+\.\d+/([^/]+)/messages")
GRAPH_ME = re.compile(r"/v\d+\.\d+/me")
GRAPH = re.compile(r"/v\d+\.\d+/.+")
ORBIT_LIST = re.compile(r"/api/v\d+/messages")
ORBIT_PATH = re.compile(r"/api/v\d+/messages/(instagram|messenger)")


class Simulation:
    """Graph and Orbit for one scenario, as an ASGI application with a memory."""

    def __init__(self, scenario: Scenario, clock: Callable[[], float] | None = None) -> None:
        self.receiver = Receiver(scenario, clock)
        self._courier = Courier(scenario.webhooks, scenario.seed, self.receiver.now)
        self._people = People(self.receiver, self._courier)
        self.receiver.witness = self._people.got
        self._desk = Desk(self.receiver, self._people, self._courier, self._change, __doc__ or "").app
        self._learn()

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
        if GRAPH.fullmatch(scope["path"]):
            call = self._graph.read("me", headers, _token_of(scope["query_string"]), b"{}")
            return self._conversations.answer(scope, call)
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
        self._conversations = Conversations(self.receiver, self._graph)

    def _change(self, fields: dict[str, Any]) -> None:
        scenario = self.receiver.scenario.changed(**fields)
        self.receiver.follow(scenario)
        self._courier.follow(scenario.webhooks, scenario.seed)
        self._people.follow(scenario)
        self._learn()


def _token_of(query: bytes) -> str:
    return parse_qs(query.decode("latin-1")).get("access_token", [""])[0] if query else ""


def application(scenario: Scenario | None = None, clock: Callable[[], float] | None = None) -> Simulation:
    """Return the simulator for httpx.ASGITransport or any ASGI server; `clock` gives epoch seconds and never falls."""
    return Simulation(scenario or Scenario(), clock)
