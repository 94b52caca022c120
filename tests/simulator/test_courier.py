"""The courier alone, on event loops that end under it."""

import asyncio
import time

from campaigns.simulator import Webhooks
from campaigns.simulator.courier import Courier
from campaigns.simulator.event import Event


def event(number):
    return Event("meta", "page", "1234", 0, {"message": {"mid": str(number)}})


def courier_to(mailbox, **fields):
    hooks = Webhooks(meta_url=mailbox.url, app_secret="app", **{"gather": 0, **fields})
    return Courier(hooks, seed=1, clock=time.time)


def test_what_was_on_the_wire_when_a_loop_ended_is_posted_by_the_next(mailbox):
    courier = courier_to(mailbox)
    mailbox.answering.clear()

    async def leave_in_flight():
        courier.after(0, lambda: [event(1)])
        assert await asyncio.to_thread(mailbox.came.wait, 5)
        assert courier.counts()["flying"] == 1

    asyncio.run(leave_in_flight())
    mailbox.answering.set()
    assert (courier.counts()["delivered"], courier.counts()["queued"]) == (0, 1)
    assert asyncio.run(courier.settled(5))
    assert courier.counts()["delivered"] == 1
    assert [item["message"]["mid"] for item in mailbox.items()] == ["1", "1"]


def test_what_is_due_sooner_goes_first_though_it_came_later(mailbox):
    courier = courier_to(mailbox, batch=1)

    async def post():
        courier.after(0.3, lambda: [event("late")])
        await asyncio.sleep(0)
        courier.after(0, lambda: [event("early")])
        await courier.settled(5)

    began = time.monotonic()
    asyncio.run(post())
    assert [item["message"]["mid"] for item in mailbox.items()] == ["early", "late"]
    assert mailbox.letters[1].at - began >= 0.3


def test_waiting_ends_with_its_time_and_says_so(mailbox):
    courier = courier_to(mailbox)

    async def post():
        courier.after(60, lambda: [event(1)])
        return await courier.settled(0.01)

    assert asyncio.run(post()) is False
    assert courier.counts()["queued"] == 1
