"""The documentation: every operation says what it does, what it may answer, and shows an example that is true to it."""

import jsonschema_rs
import pytest

from campaigns.web.api.specimens import specimen

ALWAYS = {"400", "401", "403", "404", "409", "422", "429", "500", "503"}


@pytest.fixture
def document(admin):
    return admin("GET", "/openapi.json").json()


@pytest.fixture
def contents(document):
    """Return every JSON body and answer: what it is of, and its schema and example."""

    def found():
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                bodies = {"body": operation.get("requestBody", {})} | operation["responses"]
                for name, body in bodies.items():
                    if content := body.get("content", {}).get("application/json"):
                        yield f"{method} {path} {name}", content

    return list(found())


def examples(content):
    return [content["example"]] if "example" in content else [each["value"] for each in content["examples"].values()]


def test_every_operation_says_what_it_does_and_what_it_may_answer(operations):
    assert len(operations) > 40
    for (method, path), operation in operations.items():
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"].endswith("."), where
        assert operation["x-right"], where
        expected = ALWAYS | ({"413"} if method in {"POST", "PATCH"} else set())
        assert expected <= operation["responses"].keys(), where
        assert all(response["description"] for response in operation["responses"].values()), where
        assert any(status.startswith("2") for status in operation["responses"]), where
        assert all(each.get("description") for each in operation.get("parameters", ())), where


def test_every_body_and_answer_has_an_example_that_its_schema_allows(contents, document):
    assert len(contents) > 400
    for where, content in contents:
        schema = content["schema"] | {"components": document["components"]}
        found = examples(content)
        assert found, where
        for example in found:
            errors = [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(example)]
            assert not errors, (where, errors, example)


def test_an_error_is_shown_with_its_own_status(contents):
    shown = {where: examples(content)[0] for where, content in contents if where.rpartition(" ")[2] in ALWAYS}
    assert all(example["error"]["status"] == int(where.rpartition(" ")[2]) for where, example in shown.items())


def test_operations_have_names_of_their_own(operations):
    names = [operation["operationId"] for operation in operations.values()]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"type": "string", "examples": ["acme"]}, "acme"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
        ({"type": "integer", "minimum": 5}, 6),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"name": 1}),
        ({"$ref": "#/components/schemas/Chain"}, {"created_at": "2026-12-01T08:00:00.000Z"}),
    ],
)
def test_what_gives_no_example_gets_one(schema, made):
    chain = {"properties": {"created_at": {"type": "string"}, "next": {"anyOf": [{"$ref": "#/x/Chain"}]}}}
    found = specimen(schema, {"Chain": chain})
    assert found == made or found.items() >= made.items()
