"""What is looked at again and again is found by an index, however much has ever come in and gone out."""

import pytest
from sqlalchemy import text

from campaigns.inbound import events, pull
from campaigns.inbound.apply import again


def plan_of(runtime, statement, **facts):
    with runtime.reading() as conn:
        return " | ".join(row.detail for row in conn.execute(text(f"EXPLAIN QUERY PLAN {statement}"), facts))


@pytest.mark.parametrize("after", [0, 500])
def test_events_that_wait(runtime, after):
    plan = plan_of(runtime, events._WAITING, after=after, most=200)
    assert "USING INDEX ix_inbound_event_match" in plan


def test_rows_in_doubt(runtime):
    plan = plan_of(runtime, pull._DOUBTS, sender_id=1, until=1, most=200)
    assert "USING INDEX ix_delivery_chunk" in plan
    assert "ux_delivery_person" not in plan


def test_where_nothing_waits_nobody_is_kept_from_writing(post):
    post.come(post.says("99887766554433221", "hello"))
    with post.runtime.writing():
        assert again(post.runtime) == 0
