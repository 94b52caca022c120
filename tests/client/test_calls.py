"""Whether everything that the API can do can be asked for, with the same parameters and for the same shape."""

import inspect
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from pkgutil import iter_modules
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter

from campaigns.client import calls
from campaigns.client.call import Call, Listing
from campaigns.client.wire import asked as asked_of
from campaigns.web.api.app import api
from schemas.api.envelope import Answer, Paged
from schemas.api.jobs import Pieces

OWN = {"cursor"}
"""A client knows when to give it."""
BODY = Path(__file__)


def _module(name: str) -> Any:
    return __import__(f"campaigns.client.calls.{name}", fromlist=["x"])


MODULES = [_module(each.name) for each in iter_modules(calls.__path__)]
FUNCTIONS = [
    found
    for module in MODULES
    for found in vars(module).values()
    if inspect.isfunction(found) and found.__module__ == module.__name__ and not found.__name__.startswith("_")
]


MADE = {
    str: "x/y",
    bool: True,
    int: 7,
    float: 1.5,
    Path: BODY,
    Pieces: Pieces(id="x/y", offset=0, size=1),
    Sequence[str]: ["x/y"],
    Mapping[str, str]: {"a": "b"},
}


def some(wanted: Any) -> Any:
    """Return a value of a parameter's type, and of an optional one the value that it has when it is given."""
    if get_origin(wanted) in {Union, UnionType}:
        return some(get_args(wanted)[0])
    if wanted in MADE:
        return MADE[wanted]
    return wanted.model_construct() if issubclass(wanted, BaseModel) else next(iter(wanted))


def made(function: Any) -> list[Call[Any]]:
    """Return the calls that a function makes with every parameter given, and with those that it needs."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    needed = {each.name: some(each.annotation) for each in parameters if each.default is each.empty}
    return [function(**{each.name: some(each.annotation) for each in parameters}), function(**needed)]


CALLS = [call for function in FUNCTIONS for call in made(function)]


@pytest.fixture(scope="module")
def document():
    return api(None, {}).openapi()


@pytest.fixture(scope="module")
def operations(document):
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def asked(call, operations):
    """Return the operation that a call asks for; one without parameters comes before one with."""
    for method, path in sorted(operations, key=lambda each: each[1].count("{")):
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))
        if method == call.method and re.fullmatch(pattern, call.path):
            return method, path
    return call.method, call.path


def test_every_operation_has_a_call_and_every_call_an_operation(operations):
    assert {asked(call, operations) for call in CALLS} == set(operations)


def test_every_parameter_can_be_given_and_none_besides(operations):
    wrong = {}
    for method, path in {asked(call, operations) for call in CALLS}:
        said = {each["name"] for each in operations[method, path].get("parameters", []) if each["in"] == "query"}
        given = {name for call in CALLS if asked(call, operations) == (method, path) for name in call.params}
        if given | OWN != said | OWN:
            wrong[method, path] = given ^ said
    assert wrong == {}


def documented(document, operation):
    """Return the names of the shapes that an operation answers with, but for that of a job that it makes."""
    schemas = [
        answer.get("content", {}).get("application/json", {}).get("schema")
        for status, answer in operation["responses"].items()
        if status in {"200", "201"}
    ]
    names = [each["$ref"].rpartition("/")[2] for each in schemas if each]
    return {document["components"]["schemas"][name]["title"] for name in names}


def expected(call):
    if call.answer is bytes or call.streamed:
        return set()
    if isinstance(call, Listing):
        return {Paged[get_args(call.answer)[0]].__name__}
    kinds = get_args(call.answer) if isinstance(call.answer, UnionType) else [call.answer]
    return {Answer[each].__name__ for each in kinds}


def test_every_answer_has_the_shape_that_is_documented(document, operations):
    wrong = [call for call in CALLS if documented(document, operations[asked(call, operations)]) != expected(call)]
    assert wrong == []


@pytest.mark.parametrize(
    "answer", sorted({call.answer for call in CALLS if call.answer is not bytes}, key=str), ids=str
)
def test_what_a_server_writes_a_client_can_read(answer):
    written = TypeAdapter(answer).json_schema(mode="serialization")
    needed = TypeAdapter(answer).json_schema(mode="validation")
    definitions = [(written, needed)] + [
        (each, needed["$defs"].get(name, {})) for name, each in written.get("$defs", {}).items()
    ]
    for has, needs in definitions:
        assert set(needs.get("required", [])) <= set(has.get("properties", {})), has.get("title")


def test_long_work_that_is_no_job_is_waited_for():
    long = {call.path.rpartition("/")[2] for call in CALLS if call.patience}
    assert long == {"pull", "erase", "import", "export.csv"}
    assert asked_of(_module("pages").pull("acme"), None)["timeout"].read == 3600
    assert "timeout" not in asked_of(_module("pages").listed(), None)


def test_no_part_of_a_path_leads_elsewhere():
    assert not [call.path for call in CALLS if "x/y" in call.path]
    assert any("x%2Fy" in call.path for call in CALLS)


def test_every_post_has_a_word_of_its_own_unless_it_sends_a_file():
    posts = [call for call in CALLS if call.method == "POST"]
    words = [call.headers.get("Idempotency-Key") for call in posts]
    assert [call for call, word in zip(posts, words, strict=True) if not word and not call.file] == []
    assert len(set(words) - {None}) == len([word for word in words if word])
