"""Everything that can be wrong with a campaign is found before anything is stored, and said in a sentence."""

import os
from pathlib import Path

import pytest

from campaigns import campaign_file
from campaigns.errors import InputError
from campaigns.lifecycle.submit import check, discard, rehearsal, store
from tests import factories
from tests.factories import ENVIRONMENT, checked, content, page, select

TABLES = ("campaign", "lane", "page", "delivery", "chunk", "tally", "event", "recipient_list")


def stored(runtime) -> dict[str, int]:
    counts = {table: select(runtime, f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in TABLES}
    return {table: n for table, n in counts.items() if n}


def leftovers(runtime) -> list[str]:
    """Files below the storage folder."""
    return [str(path.relative_to(runtime.storage)) for path in runtime.storage.rglob("*") if path.is_file()]


def submit(runtime, folder, file, environment=ENVIRONMENT):
    draft = check(runtime, campaign_file.parse(file), folder, environment, factories.now(runtime))
    return store(runtime, draft, "test")


def without(key: str) -> dict:
    file = content()
    del file[key]
    return file


LISTS = {
    "empty.csv": b"",
    "header.csv": b"recipient_id,first_name\n",
    "no_ids.csv": b"name,first_name\nAna,Ana\n",
    "no_usable.csv": b"recipient_id,first_name\n,Ana\n1.0E+15,Bo\n",
    "cyrillic.csv": b"recipient_id,first_name\n10000000000000000,\xcf\xf0\xe8\xe2\xe5\xf2\n",
    "sheet.csv": b"PK\x03\x04 a workbook",
    "twice.csv": b"recipient_id,recipient_id\n10000000000000000,10000000000000000\n",
    "stranger.csv": b"recipient_id,first_name,page\n10000000000000000,Ana,nobody\n",
}

WRONG = {
    "an unknown key": (content() | {"nmae": "x"}, ": `nmae` is not a key (did you mean `name`?)."),
    "a key of later": (content() | {"approval": {"need": 2}}, "reserved"),
    "a missing key": (without("message"), "message"),
    "a list that is not there": (content(list="nowhere.csv"), "nowhere.csv"),
    "a list that is a folder": (content(list="."), "cannot be"),
    "an empty list": (content(list="empty.csv"), "empty"),
    "a list without rows": (content(list="header.csv"), "header.csv"),
    "a list without an id column": (content(list="no_ids.csv"), "recipient_id"),
    "a list without a usable id": (content(list="no_usable.csv"), "can be used"),
    "a list whose letters cannot be told": (content(list="cyrillic.csv"), "UTF-8"),
    "a broken workbook": (content(list="sheet.csv"), "workbook"),
    "two columns of one name": (content(list="twice.csv"), "recipient_id"),
    "a header that the list has not": (content(columns={"recipient_id": "ig_id"}), "ig_id"),
    "a variable that no column has": (content(message={"text": "Hi {{ nickname }}"}), "nickname"),
    "a text that does not parse": (content(message={"text": "Hi {{ first_name"}), ""),
    "neither text nor parts": (content(message={}), "text"),
    "a page that nobody knows": (content(page="beta"), "beta"),
    "no page at all": (without("page"), "page"),
    "pages of the list that nobody knows": (content(list="stranger.csv", page="acme", pages={}), "acme"),
    "a token in the file": (content(pages={"acme": page(token="EAAB-the-token")}), "reference"),
    "a secret that is not set": (content(pages={"acme": page(token="@{secret:OTHER}")}), "OTHER"),
    "an address that is none": (content(pages={"acme": page("ftp://x")}), "base_url"),
    "a margin that is none": (content(limits={"margin": "soon"}), "margin"),
    "a start without a zone": (content(schedule={"start": "2026-12-01 09:00"}), "start"),
    "an end that cannot be read": (content(schedule={"not_after": "tomorrow"}), "not_after"),
    "a holdout of more than all": (content(audience={"holdout": "120%"}), "more than 0 % and less than 100 %."),
    "a holdout of all": (content(audience={"holdout": 1.0}), "more than 0 % and less than 100 %."),
    "a holdout of twelve times all": (content(audience={"holdout": "12"}), "more than 0 % and less than 100 %."),
    "a holdout of nobody": (content(audience={"holdout": "0%"}), "more than 0 % and less than 100 %."),
    "a rate of nothing": (content(limits={"rate": 0}), "rate"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_and_nothing_is_stored(runtime, folder, wrong):
    for name, written in LISTS.items():
        (folder / name).write_bytes(written)
    file, named = WRONG[wrong]
    with pytest.raises(InputError) as refused:
        checked(runtime, folder, file)
    sentence = str(refused.value)
    assert named in sentence
    assert "EAAB" not in sentence
    assert "Traceback" not in sentence
    assert len(sentence) < 600
    assert sentence.count("\n") == 0
    assert sentence.rstrip().endswith((".", "?"))
    assert stored(runtime) == {}
    assert leftovers(runtime) == []


@pytest.mark.parametrize("name", ["a/b", 'q" :zz="1', " "])
def test_a_page_of_a_file_is_called_as_pages_may_be(name):
    with pytest.raises(InputError, match="is no name for a page"):
        campaign_file.parse(content(page=name, pages={name: page()}))


def test_an_unreadable_list(runtime, folder):
    (folder / "people.csv").chmod(0)
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    with pytest.raises(InputError, match=r"people\.csv"):
        checked(runtime, folder, content())
    assert stored(runtime) == {}


def test_a_submitted_campaign_is_a_draft_with_its_lanes(runtime, folder):
    campaign = submit(runtime, folder, content())
    assert campaign.state == "draft"
    assert stored(runtime) == {"campaign": 1, "lane": 1, "page": 1, "event": 1, "recipient_list": 1}
    assert "sim-" not in str(select(runtime, "SELECT * FROM campaign") + select(runtime, "SELECT * FROM lane"))


def test_a_draft_takes_the_place_of_the_draft_before(runtime, folder):
    submit(runtime, folder, content())
    again = submit(runtime, folder, content(message={"text": "Hello {{ first_name }}"}))
    assert stored(runtime)["campaign"] == stored(runtime)["lane"] == 1
    assert again.name == "Spring"


def test_a_rehearsal_leaves_nothing(runtime, folder):
    draft = checked(runtime, folder, content())
    with rehearsal(runtime, draft, "test") as campaign:
        assert campaign.state == "draft"
    assert stored(runtime).keys() <= {"recipient_list"}
    assert leftovers(runtime) == []


def test_a_discarded_draft_takes_its_page_along_unless_another_campaign_uses_it(runtime, folder):
    factories.launched(runtime, folder, factories.people(5))
    draft = checked(runtime, folder, content(name="Autumn"))
    discard(runtime, store(runtime, draft, "test"), draft)
    assert [row["name"] for row in select(runtime, "SELECT name FROM page")] == ["acme"]
    assert [row["name"] for row in select(runtime, "SELECT name FROM campaign")] == ["Spring"]


def test_a_contradiction_to_the_stored_page_is_refused(runtime, folder):
    factories.launched(runtime, folder, factories.people(5))
    with pytest.raises(InputError, match="account_id"):
        checked(runtime, folder, content(name="Autumn", pages={"acme": page(account_id="17841400000000009")}))


@pytest.mark.parametrize(
    ("stored_rate", "rate", "said"),
    [(None, 30.0, "30.0 instead of the platform's own"), (20.0, None, "the platform's own instead of 20.0")],
)
def test_a_setting_that_differs_from_the_stored_page_is_told(runtime, folder, stored_rate, rate, said):
    factories.launched(runtime, folder, factories.people(5), content(pages={"acme": page(rate=stored_rate)}))
    draft = checked(runtime, folder, content(name="Autumn", pages={"acme": page(rate=rate)}))
    assert f"For this campaign page acme has rate = {said}." in draft.notes


def test_the_list_is_found_beside_the_file(runtime, folder: Path):
    (folder / "lists").mkdir()
    (folder / "people.csv").rename(folder / "lists" / "people.csv")
    assert checked(runtime, folder, content(list="lists/people.csv")).reading.usable == 5


def test_a_list_that_nobody_uses_is_not_kept(runtime, folder):
    factories.write_list(folder / "people.csv", factories.people(3))
    draft = checked(runtime, folder, factories.content())
    file = runtime.storage / draft.list_path
    assert file.exists()
    with rehearsal(runtime, draft, "test"):
        assert file.exists()
    assert not file.exists()
    assert factories.select(runtime, "SELECT 1 FROM recipient_list") == []


def test_a_list_that_another_campaign_uses_stays(runtime, folder):
    factories.write_list(folder / "people.csv", factories.people(3))
    store(runtime, checked(runtime, folder, factories.content()), "test")
    draft = checked(runtime, folder, factories.content(name="Autumn"))
    with rehearsal(runtime, draft, "test"):
        pass
    assert (runtime.storage / draft.list_path).exists()
