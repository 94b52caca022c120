"""The first few go out, the campaign pauses by itself, and goes on when somebody has looked."""

import pytest

from campaigns.ledger import chunks
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.control import resume
from campaigns.runtime import now_of
from tests import factories


def tick(bench):
    with bench.runtime.writing() as conn:
        advance(conn, now_of(conn))


def standing(bench):
    return factories.select(bench.runtime, "SELECT state, sentence, canary_left FROM campaign")[0]


def ring(bench):
    with bench.runtime.writing() as conn:
        return chunks.ring(conn, bench.campaign.id, 1, now_of(conn), 2)


@pytest.fixture
def campaign(bench):
    return bench.launch(40, limits={"canary": 10})


@pytest.mark.usefixtures("campaign")
def test_no_more_than_the_canary_goes_out_before_somebody_looks(bench):
    bench.work()
    assert bench.platform.stats()["accepted"] == 10
    tick(bench)
    now = standing(bench)
    assert (now["state"], now["canary_left"]) == ("paused", None)
    assert now["sentence"].startswith("Canary: the first 10 are out: 10 accepted.")
    assert "the other 30" in now["sentence"]
    assert ring(bench) == []


def test_the_rest_goes_out_after_that(bench, campaign):
    bench.work()
    tick(bench)
    resume(bench.runtime, campaign, "test")
    bench.finish()
    tick(bench)
    assert bench.platform.stats()["accepted"] == 40
    assert standing(bench)["state"] == "finished"


def test_who_comes_back_unsent_makes_room_for_another(bench, campaign):
    first = factories.rows_of(bench.runtime, campaign)[0]["recipient_id"]
    bench.platform.change(codes={first: "4-2018354"})
    bench.work()
    tick(bench)
    assert standing(bench) == {"state": "sending", "sentence": "", "canary_left": 1}
    bench.work()
    tick(bench)
    assert (standing(bench)["state"], bench.platform.stats()["accepted"]) == ("paused", 10)


def test_a_canary_of_everybody_is_none(bench):
    bench.launch(5, limits={"canary": 5})
    bench.work()
    tick(bench)
    assert standing(bench)["state"] == "finished"
