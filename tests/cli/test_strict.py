"""strict: one row that is rejected or a duplicate, and the whole list is refused before anything is stored."""

import tomllib

import pytest

from campaigns import campaign_file
from campaigns.settings import Settings
from tests import factories
from tests.factories import ENVIRONMENT, people, person

FILE = """\
name = "Spring"
list = "people.csv"
page = "acme"
{strict}

[message]
text = "Hi {{{{ first_name }}}}"

[pages.acme]
channel = "instagram"
provider = "meta"
account_id = "17841400000000001"
token = "@{{secret:ACME_TOKEN}}"
"""
SAYS = "1 row is rejected or a duplicate, and strict allows none. Line 4"


@pytest.fixture(autouse=True)
def token(monkeypatch):
    monkeypatch.setenv("ACME_TOKEN", ENVIRONMENT["ACME_TOKEN"])


@pytest.fixture
def campaign(tmp_path):
    """Write a campaign file whose list has two people, and one more row."""

    def write(last, strict=""):
        factories.write_list(tmp_path / "people.csv", [*people(2), people(1)[0] | {"recipient_id": last}])
        file = tmp_path / "campaign.toml"
        file.write_text(FILE.format(strict=strict))
        return file

    return write


def stored():
    return sorted(path.name for path in (Settings().home / "storage").rglob("*") if path.is_file())


WAYS = [
    ("", "submit", "--strict"),
    ("", "run", "--strict", "--yes"),
    ("", "run", "--strict", "--dry-run"),
    *(("strict = true", verb) for verb in ("submit", "plan", "preview", "run")),
]
UNCLEAN = {"rejected": "1.78E+16", "duplicate": person(0)}


@pytest.mark.parametrize("last", UNCLEAN.values(), ids=UNCLEAN)
@pytest.mark.parametrize("how", WAYS, ids=" ".join)
def test_an_unclean_list_is_refused_whole(pagecast, campaign, count, last, how):
    key, verb, *options = how
    run = pagecast(verb, campaign(last, key), *options)
    assert run.code == 3
    assert SAYS in run.err
    assert (count("campaign"), count("recipient_list"), count("page"), stored()) == (0, 0, 0, [])


def test_it_says_what_check_says(pagecast, campaign):
    file = campaign("1.78E+16")
    checked, submitted = (
        pagecast("check", file.with_name("people.csv"), "--strict"),
        pagecast("submit", file, "--strict"),
    )
    assert checked.err == submitted.err.partition("\n")[2]


def test_a_clean_list_passes(pagecast, campaign, count):
    assert pagecast("submit", campaign(person(2), "strict = true"), "--strict").code == 0
    assert count("campaign") == 1


def test_without_it_such_rows_are_set_aside(pagecast, campaign):
    assert pagecast("submit", campaign("1.78E+16", "strict = false")).code == 0
    assert pagecast("plan", "last", "--json").document["rejected"] == 1


def test_strict_is_yes_or_no():
    content = tomllib.loads(FILE.format(strict='strict = "perhaps"'))
    with pytest.raises(campaign_file.InputError, match="strict"):
        campaign_file.parse(content)
