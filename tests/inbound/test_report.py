"""What came in, as the report counts and explains it: its rows are those that webhooks leave."""

import pytest

from campaigns import report
from campaigns.runtime import now_of
from schemas.delivery import DeliveryState

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def test_answers_taps_and_opt_outs_are_counted(post, tmp_path):
    sent = post.send(6)
    people = [post.person(row) for row in sent]
    tap = {"quick_reply": {"payload": "YES"}}
    post.come(
        post.read(people[0], mid=f"m-{sent[0]}", seconds=5),
        post.says(people[0], "Yes", seconds=10, **tap),
        post.says(people[1], "Yes", seconds=20, **tap),
        post.says(people[1], "and more", seconds=30),
        post.says(people[2], "STOP", seconds=60),
        post.says(people[3], "long before", seconds=-60),
    )
    with post.runtime.reading() as conn:
        written = report.write(conn, post.runtime.storage, post.campaign.id, tmp_path / "out", now_of(conn))
    back = written.summary.replies
    assert (back.accepted, back.read, back.replied, back.rate) == (6, 1, 3, 0.5)
    assert (back.tapped, back.wrote, back.opted_out, back.median_seconds) == (2, 2, 1, 20.0)
    assert [(each.title, each.payload, each.people) for each in back.buttons] == [("Yes", "YES", 2)]


def test_an_echo_explains_the_message_that_it_settled(post):
    (row,) = post.send(1, DeliveryState.UNKNOWN, code="ReadTimeout")
    metadata = f"pagecast:{post.campaign.ref}:{row}:1"
    post.come(
        post.echo(post.person(row), "m1", seconds=2, metadata=metadata),
        post.says(post.person(row), "STOP", seconds=9),
    )
    with post.runtime.reading() as conn:
        told = report.explain(conn, post.runtime.storage, post.campaign.id, post.person(row)).lines[0]
    assert told.state == "accepted"
    assert told.sentence.startswith("The answer was lost; the echo of ")
    assert told.sentence.endswith(" proves it went out [m1].")
    sentences = [moment.sentence for moment in told.timeline]
    assert told.sentence in sentences
    assert any(each.startswith("The person wrote: STOP [in-") and "opt-out" in each for each in sentences)
