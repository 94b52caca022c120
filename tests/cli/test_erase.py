"""`pagecast contacts erase`."""

import pytest

from tests import factories
from tests.factories import person


@pytest.fixture
def campaign(tmp_path):
    runtime = factories.opened(tmp_path / "home")
    yield factories.launched(runtime, tmp_path, factories.people(3))
    runtime.close()


@pytest.mark.usefixtures("campaign")
def test_nobody_is_erased_without_a_yes(pagecast, count):
    refused = pagecast("contacts", "erase", person(1))
    assert (refused.code, count("erasure_key")) == (4, 0)
    dry = pagecast("contacts", "erase", person(1), "--dry-run", "--json")
    assert (dry.document["deliveries"], dry.document["dry_run"], count("erasure_key")) == (1, True, 0)
    assert pagecast("contacts", "erase", "Ana", "--yes").code == 3


def test_an_erased_person_is_shown_under_another_name(pagecast, campaign):
    done = pagecast("contacts", "erase", person(1), "--yes")
    assert done.code == 0
    assert "1 delivery (1 of them still to be sent), 1 list, 0 webhook bodies" in done.out
    assert f"delete yours of: Spring ({campaign.ref})" in done.err
    for shown in (pagecast("person", person(1)), pagecast("explain", campaign.ref, person(1))):
        assert shown.code == 0
        assert person(1) not in shown.out
        assert "from erased" in shown.out or "opted" in shown.out
    assert pagecast("contacts", "erase", person(1), "--yes", "--json").document["deliveries"] == 0
    assert "(erased-" not in pagecast("person", person(2)).out


def test_what_is_left_to_delete_is_said_in_whole_sentences(pagecast, tmp_path):
    pagecast("migrate")
    assert hints(pagecast) == ["- Backups made before may name the person."]
    (tmp_path / "home" / "data.moved").mkdir(parents=True)
    copies, backups = hints(pagecast)
    assert copies.startswith("- Copies of an earlier state name the person: ")
    assert backups == "- And so do backups made before."


def hints(pagecast):
    said = pagecast("contacts", "erase", person(1), "--yes").err
    return [line for line in said.splitlines() if line.startswith("- ")]
