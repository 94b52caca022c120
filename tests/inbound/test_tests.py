"""Echoes of tests: a tester can be in the list too, in doubt, and have the very same text."""

import json

import pytest

from campaigns import testers
from campaigns.inbound.apply import again
from schemas.delivery import DeliveryState
from tests import factories

ACME = ("instagram", factories.ACCOUNT)


@pytest.fixture
def doubtful(post):
    (row,) = post.send(1, DeliveryState.UNKNOWN)
    return row


def echoed(post, row, **more):
    text = f"Hi {json.loads(post.row(row)['variables'])[0]}"
    post.come(post.echo(post.person(row), "m-test", seconds=1, text=text, **more))
    post.write("UPDATE inbound_event SET received_at = received_at - 30000")
    again(post.runtime)
    return post.row(row)["state"]


def began(post, row, seconds):
    with post.runtime.writing() as conn:
        testers.add(conn, *ACME, post.person(row), note="", now=post.began, actor="cli:ann")
        testers.begin(conn, *ACME, post.person(row), post.at(seconds))


def test_one_that_carries_its_mark_settles_nothing(post, doubtful):
    assert echoed(post, doubtful, metadata="pagecast-test:abcd2345:0123456789ab:1") == "unknown"


@pytest.mark.parametrize("seconds", [-60, 0])
def test_one_that_may_be_of_a_test_settles_nothing(post, doubtful, seconds):
    began(post, doubtful, seconds)
    assert echoed(post, doubtful) == "unknown"


@pytest.mark.parametrize("seconds", [-3600, 60])
def test_a_test_at_another_time_is_in_nobodys_way(post, doubtful, seconds):
    began(post, doubtful, seconds)
    assert echoed(post, doubtful) == "accepted"
