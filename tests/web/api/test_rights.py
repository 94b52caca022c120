"""Every operation by every role: who lacks the right is refused, whoever has it is not; and none is without one."""

import re

import pytest

from campaigns.access import allowed
from schemas.api_key import Role
from schemas.right import Right


def address(path):
    """Return a path with something in place of its parameters, which names nothing that there is."""
    return re.sub(r"{\w+}", "nothing", path)


def test_every_operation_names_its_right(operations):
    assert operations
    assert {name for name, operation in operations.items() if operation.get("x-right") not in set(Right)} == set()


@pytest.mark.parametrize("role", list(Role))
def test_a_role_does_what_its_rights_say_and_nothing_else(role, caller, operations):
    who = caller(role, "somebody")
    for (method, path), operation in operations.items():
        answer = who(method, address(path))
        may = allowed(role, Right(operation["x-right"]))
        assert (answer.status_code != 403) == may, (method, path, answer.text)
        if not may:
            assert operation["x-right"] in answer.json()["error"]["message"]


def test_strangers_are_refused_everywhere(stranger, operations):
    for method, path in operations:
        answer = stranger(method, address(path))
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), (method, path)


def test_every_operation_is_documented(operations):
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["security"], name
        assert {"401", "403", "422"} <= set(operation["responses"]), name
