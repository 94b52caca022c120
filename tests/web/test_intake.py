"""Whoever waits at the same moment shares a transaction, and its failure."""

import asyncio
import threading

import pytest
from sqlalchemy.exc import OperationalError

from campaigns.inbox import Raw
from campaigns.web import intake
from campaigns.web.intake import LARGEST_GROUP, Intake
from schemas.page import ProviderName


def raw(body: bytes) -> Raw:
    return Raw(ProviderName.META, 1, body)


class Disk:
    """Keeps groups of bodies; the first one only when `ready` is set. A body `broken` breaks its group."""

    def __init__(self):
        self.groups = []
        self.ready = threading.Event()

    def keep(self, group):
        self.ready.wait(5)
        bodies = [each.body for each in group]
        self.groups.append(bodies)
        if b"broken" in bodies:
            raise OperationalError("INSERT", {}, OSError("no space"))


def kept(*bodies):
    """Keep the first body, and the others while it is being written; return the groups and what each was told."""
    disk = Disk()

    async def all_of_them():
        taker = Intake(disk.keep)
        first = asyncio.create_task(taker.keep(raw(bodies[0])))
        await asyncio.sleep(0)
        others = [asyncio.create_task(taker.keep(raw(body))) for body in bodies[1:]]
        await asyncio.sleep(0)
        disk.ready.set()
        return await asyncio.gather(first, *others, return_exceptions=True)

    return disk.groups, asyncio.run(all_of_them())


def test_what_comes_during_a_write_is_the_next_group():
    groups, told = kept(b"1", b"2", b"3", b"4")
    assert groups == [[b"1"], [b"2", b"3", b"4"]]
    assert told == [None] * 4


def test_a_group_has_an_end():
    groups, _ = kept(b"first", *[b""] * (LARGEST_GROUP + 1))
    assert [len(group) for group in groups] == [1, LARGEST_GROUP, 1]


def test_heavy_bodies_make_small_groups(monkeypatch):
    monkeypatch.setattr(intake, "_HEAVIEST_GROUP", 10)
    groups, _ = kept(b"first", b"12345", b"12345", b"1", b"larger than a group")
    assert groups == [[b"first"], [b"12345", b"12345"], [b"1"], [b"larger than a group"]]


def test_a_failure_is_told_to_its_group_and_to_nobody_else():
    groups, told = kept(b"broken", b"2", b"3")
    assert isinstance(told[0], OperationalError)
    assert told[1:] == [None, None]
    assert groups[1:] == [[b"2", b"3"]]


def test_who_waits_no_longer_hurts_nobody():
    disk = Disk()

    async def impatient():
        taker = Intake(disk.keep)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(taker.keep(raw(b"1")), 0.01)
        other = asyncio.create_task(taker.keep(raw(b"2")))
        await asyncio.sleep(0)
        disk.ready.set()
        await other

    asyncio.run(impatient())
    assert disk.groups == [[b"1"], [b"2"]]
