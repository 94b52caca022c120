import pytest

from campaigns.errors import InputError
from campaigns.simulator import SCENARIOS, Burst, Scenario, application, load, named


def test_a_file_in_either_format_says_the_same(tmp_path):
    toml, json = tmp_path / "s.toml", tmp_path / "s.json"
    toml.write_text('cap = 10\nblocked = 0.5\n[codes]\n7 = "613@2"\n[[bursts]]\nevery = 5\n')
    json.write_text('{"cap": 10, "blocked": 0.5, "codes": {"7": "613@2"}, "bursts": [{"every": 5}]}')
    assert load(toml) == load(json) == Scenario(cap=10, blocked=0.5, codes={"7": "613@2"}, bursts=(Burst(every=5),))


@pytest.mark.parametrize("text", ["blocked = 1.5", "weather = 1", "cap = 0", "cap =", "[[bursts]]\nsecond = 1"])
def test_a_wrong_file_is_refused_with_a_sentence(tmp_path, text):
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(InputError):
        load(path)


def test_a_missing_file_or_name_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "none.toml")
    with pytest.raises(InputError, match="calm, demo, storm"):
        named("sunny")


@pytest.mark.parametrize("name", SCENARIOS)
def test_named_scenarios_start_and_survive_json(name):
    scenario = named(name)
    application(scenario)
    assert Scenario.model_validate_json(scenario.model_dump_json()) == scenario
