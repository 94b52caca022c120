"""What a setting of secrets stands for."""

import pytest
from pydantic import SecretStr

from campaigns.settings import Settings, key, keys

KNOWN = {"ONE": "first", "TWO": "second, third", "BLANK": " , "}


@pytest.mark.parametrize(
    ("setting", "values", "missing"),
    [
        (None, [], ()),
        ("", [], ()),
        (" , ,", [], ()),
        ("plain", ["plain"], ()),
        ("new, old", ["new", "old"], ()),
        ("@{secret:ONE}", ["first"], ()),
        ("@{secret:TWO},plain", ["second", "third", "plain"], ()),
        ("@{secret:NOWHERE},@{secret:ONE}", ["first"], ("NOWHERE",)),
        ("@{secret:BLANK}", [], ()),
    ],
)
def test_several_secrets(setting, values, missing):
    found = keys(None if setting is None else SecretStr(setting), Settings(), KNOWN)
    assert [each.get_secret_value() for each in found.values] == values
    assert found.missing == missing
    assert not any(value in repr(found) for value in values)


@pytest.mark.parametrize(
    ("setting", "value"),
    [(None, None), (" ", None), ("a, b", "a, b"), ("@{secret:TWO}", "second, third"), ("@{secret:NOWHERE}", None)],
)
def test_one_secret(setting, value):
    found = key(None if setting is None else SecretStr(setting), Settings(), KNOWN)
    assert (found and found.get_secret_value()) == value


def test_settings_show_none_of_them():
    shown = repr(Settings(meta_app_secret="hunter2", meta_verify_token="hunter3", orbit_webhook_secret="hunter4"))
    assert "hunter" not in shown
