"""A plan as a person reads it: whom the file means, who else has them in hand, and what it costs."""

import pytest

from tests import factories

RATES = 'currency = "USD"\ndated = 2026-11-01\nrates = [{ provider = "meta", price = 0.25 }]\n'


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """Write a campaign file for four people of Rome and one of Oslo; the keys given are put in front."""
    monkeypatch.setenv("ACME_TOKEN", factories.ENVIRONMENT["ACME_TOKEN"])
    rows = factories.people(5, city="Rome")
    rows[4]["city"] = "Oslo"
    factories.write_list(tmp_path / "people.csv", rows)
    (tmp_path / "rates.toml").write_text(RATES)
    page = "".join(f'{key} = "{value}"\n' for key, value in factories.page().items())

    def write(name="Spring", more=""):
        path = tmp_path / f"{name}.toml"
        head = f'name = "{name}"\nlist = "people.csv"\npage = "acme"\n'
        path.write_text(f'{head}[message]\ntext = "Hi {{{{ first_name }}}}"\n{more}\n[pages.acme]\n{page}')
        return path

    return write


def test_a_condition_shows_in_the_plan(pagecast, campaign):
    run = pagecast("plan", campaign(more="[audience]\nwhere = \"city = 'Rome'\""))
    assert run.code == 0
    assert "4  will get it" in run.out
    assert "1  skipped    excluded  A filter, another campaign or another row of the same customer excludes" in run.out


def test_a_wrong_column_is_bad_input_and_stores_nothing(pagecast, campaign, count):
    run = pagecast("plan", campaign(more="[audience]\nwhere = \"town = 'Rome' OR citty = 'Rome'\""))
    assert run.code == 3
    assert "names 'town', which is no column of the list" in run.err
    assert count("campaign") == 0


def test_people_in_hand_elsewhere_are_told(pagecast, campaign):
    first = pagecast("plan", campaign(), "--json").document
    pagecast("launch", "Spring", "--plan", first["token"])
    found = pagecast("plan", campaign("Autumn"), "--json").document["findings"]
    assert "5 of these people are also in Spring, which is sending." in found
    without = pagecast("plan", campaign("Autumn", '[audience]\nexclude = ["Spring"]'), "--json").document
    assert (without["eligible"], without["skipped"]) == (0, {"excluded": 5})


def test_the_cost_is_said_where_it_is_asked_for(pagecast, campaign, tmp_path):
    file, rates = campaign(), tmp_path / "rates.toml"
    assert "Estimated cost: 1.25 USD for 5 messages (rates.toml, dated 2026-11-01)." in pagecast(
        "plan", file, "--rates", rates
    ).out  # fmt: skip
    assert pagecast("plan", file, "--rates", rates, "--json").document["cost"] == {
        "amount": "1.25",
        "currency": "USD",
        "messages": 5,
        "free": 0,
        "card": "rates.toml",
        "dated": "2026-11-01",
    }
    assert "cost" not in pagecast("plan", file, "--json").document


def test_a_message_of_two_parts_costs_twice(pagecast, campaign, tmp_path):
    file = campaign()
    file.write_text(
        file.read_text().replace('text = "Hi {{ first_name }}"', 'parts = [{ text = "a" }, { text = "b" }]')
    )
    assert pagecast("plan", file, "--rates", tmp_path / "rates.toml", "--json").document["cost"]["messages"] == 10


def test_what_is_free_inside_the_window_is_charged_where_no_window_is_known(pagecast, campaign, tmp_path):
    rows = factories.people(5)
    for row in rows[:2]:
        row["last_inbound_at"] = ""
    factories.write_list(tmp_path / "people.csv", rows)
    (tmp_path / "rates.toml").write_text(RATES.replace("0.25", "0.25, free_inside_window = true"))
    file = campaign()
    file.write_text('policy = "provider"\n' + file.read_text())
    cost = pagecast("plan", file, "--rates", tmp_path / "rates.toml", "--json").document["cost"]
    assert (cost["amount"], cost["messages"], cost["free"]) == ("0.50", 5, 3)


def test_run_says_the_cost_before_it_asks(pagecast, campaign, tmp_path):
    run = pagecast("run", campaign(), "--rates", tmp_path / "rates.toml")
    assert run.code == 4
    assert "Estimated cost: 1.25 USD" in run.err


@pytest.mark.barren
@pytest.mark.parametrize("verb", ["plan", "run"])
def test_a_rate_card_is_read_before_anything_is_done(pagecast, campaign, tmp_path, verb):
    (tmp_path / "rates.toml").write_text("currency = USD")
    run = pagecast(verb, campaign(), "--rates", tmp_path / "rates.toml")
    assert run.code == 3
    assert "rate card" in run.err
    assert not (tmp_path / "home").exists()
