"""Turns of people of several zones, each of whom may be sent to by their own clocks only.

At each turn, of those whose time is open the one gets it who has the least open time left; whose is too short is lost.
With a single zone nobody could reach more. With several it is a forecast, not the most: it does not keep turns free for
a zone that is about to open.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from campaigns.plan.opentime import OpenTime
from campaigns.plan.timetable import NEVER

Person = tuple[float, int]
"""What the clock of the zone shows at the last moment for this person, infinite without one; and a number."""


@dataclass(frozen=True, slots=True)
class Served:
    """The numbers of the people who get a turn, in the order of turns; `end` is when the last ends (epoch ms)."""

    order: list[int]
    end: float


def serve(clocks: Mapping[str, OpenTime], people: Mapping[str, Iterable[Person]], start_ms: int, rate: float) -> Served:
    """Give turns to the people of each zone, in the order in which their time ends; `rate` in turns per second."""
    queues = {zone: deque(each) for zone, each in people.items()}
    order: list[int] = []
    now = end = float(start_ms)
    while queues := {zone: queue for zone, queue in queues.items() if queue}:
        opened, until = _shift({zone: clocks[zone] for zone in queues}, int(now))
        if until == NEVER:
            break
        before = len(order)
        now = _work([(queues[zone], passed) for zone, passed in opened.items()], order, now, until, 1000 / rate)
        end = now if len(order) > before else end
        if not any(queues[zone] for zone in opened):
            now = max(now, until)
    return Served(order, end)


def _shift(clocks: Mapping[str, OpenTime], now: int) -> tuple[dict[str, int], int]:
    """Return the zones that are open with what their clocks show, and until when the same ones are."""
    opened, until = {}, NEVER
    for zone, clock in clocks.items():
        changes = clock.timetable.next_open(now)
        if changes == now:
            opened[zone] = clock.shows(now)
            changes = clock.timetable.next_close(now)
        until = min(until, changes)
    return opened, until


def _work(opened: list[tuple[deque[Person], int]], order: list[int], now: float, until: float, length: float) -> float:
    """Give turns that begin before `until`; return when the last of them ends."""
    start = int(now)
    heads = [(queue[0][0] - passed, i) for i, (queue, passed) in enumerate(opened)]
    heapq.heapify(heads)
    while heads and now < until:
        left, i = heads[0]
        queue, passed = opened[i]
        _, number = queue.popleft()
        if now + length <= start + left:
            order.append(number)
            now += length
        if queue:
            heapq.heapreplace(heads, (queue[0][0] - passed, i))
        else:
            heapq.heappop(heads)
    return now
