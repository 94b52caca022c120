"""The campaign that a word means, as the command line knows it."""

import pytest

from tests.factories import content, people, submitted

BOTH = pytest.mark.databases("sqlite", "postgresql")


@pytest.fixture
def drafts(runtime, tmp_path):
    return [submitted(runtime, tmp_path, people(n), content(name=name)) for n, name in ((2, "Spring"), (3, "Summer"))]


@BOTH
def test_a_word_means_one_campaign(viewer, drafts):
    spring, summer = drafts
    for word, meant in ((spring.ref, spring), ("Spring", spring), (spring.ref[:7], spring), ("last", summer)):
        assert [each["id"] for each in viewer.get("/campaigns", word=word)] == [meant.ref]
    answer = viewer("GET", "/campaigns", params={"word": "Autumn"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert viewer("GET", "/campaigns", params={"word": ""}).status_code == 422


@BOTH
def test_a_word_that_may_mean_several_names_them(viewer, runtime, tmp_path, drafts):
    again = submitted(runtime, tmp_path, people(4), content(name="Autumn"))
    with runtime.writing() as conn:
        conn.exec_driver_sql(f"UPDATE campaign SET name = 'Spring' WHERE id = {again.id}")
    answer = viewer("GET", "/campaigns", params={"word": "Spring"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "ambiguous")
    details = answer.json()["error"]["details"]
    assert [(each["value"], each["message"]) for each in details] == [(drafts[0].ref, "Spring"), (again.ref, "Spring")]
