"""Sketches are kept at each step, and two who write at once notice."""

import json

import pytest

from campaigns import sketches
from campaigns.errors import NotFoundError
from campaigns.runtime import now_of
from campaigns.sketches import ChangedMeanwhileError

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def test_a_sketch_is_kept_found_and_deleted(runtime):
    with runtime.writing() as conn:
        begun = sketches.begin(conn, {"name": "Spring"}, now=now_of(conn), actor="key:maria", campaign="k7m2x9qa")
        later = begun.model_copy(update={"step": 2})
        kept = sketches.save(conn, later, {"name": "Summer"}, now=now_of(conn), actor="key:joe")
        assert (kept.version, kept.step, json.loads(kept.content)) == (2, 2, {"name": "Summer"})
        assert [each.ref for each in sketches.latest(conn, 5)] == [begun.ref]
        assert sketches.of_campaign(conn, "k7m2x9qa") == kept
        assert sketches.of_campaign(conn, "other") is None
        assert sketches.forget(conn, begun.ref)
        assert not sketches.forget(conn, begun.ref)
        with pytest.raises(NotFoundError):
            sketches.save(conn, kept, {}, now=now_of(conn), actor="key:joe")


def test_who_saves_an_old_version_is_told_whose_is_there(runtime):
    with runtime.writing() as conn:
        begun = sketches.begin(conn, {}, now=now_of(conn), actor="key:maria")
        sketches.save(conn, begun, {"name": "Hers"}, now=now_of(conn), actor="key:maria")
        with pytest.raises(ChangedMeanwhileError, match="maria changed this") as told:
            sketches.save(conn, begun, {"name": "His"}, now=now_of(conn), actor="key:joe")
        assert told.value.present.version == 2
        assert json.loads(sketches.find(conn, begun.ref).content) == {"name": "Hers"}
