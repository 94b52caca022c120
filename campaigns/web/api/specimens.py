"""Examples for the documentation: every body and every answer has one, made of the examples of its fields.

A field that gives none gets what its name or its type suggests, so that a new field needs no example to be shown.
"""

from collections.abc import Mapping
from typing import Any

JSON = "application/json"
_MOMENT = "2026-12-01T08:00:00.000Z"
_ID = "17840000000000001"
_BY_NAME: Mapping[str, Any] = {
    "account_id": "17841400000000001",
    "actor": "key:crm-export",
    "at": _MOMENT,
    "channel": "instagram",
    "code": "",
    "eta": _MOMENT,
    "id": "k7m2x9qa",
    "kind": "message",
    "message_id": "m_1",
    "name": "Spring",
    "page": "acme",
    "provider": "meta",
    "recipient_id": _ID,
    "sentence": "Sending, 12 messages a second.",
    "text": "Hi Ana, the new menu is out.",
    "zone": "Europe/Paris",
}
_BY_TYPE: Mapping[str, Any] = {"string": "text", "integer": 1, "number": 1.0, "boolean": False, "null": None}
_FAULTS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "query.column is NAME=HEADER, such as recipient_id=ig_id. Repeat it for several."),
    401: ("unauthorized", "No key was given. Send it in the header X-API-Key; `pagecast keys create` makes one."),
    403: ("forbidden", "The key crm-export has the role viewer, which lacks the right campaigns.launch."),
    404: ("not_found", "There is no campaign with the id k7m2x9qa. The list of campaigns has the ids."),
    409: ("conflict", "Spring is finished; only a campaign that is sending or scheduled can become paused."),
    413: ("payload_too_large", "The body is larger than 1,048,576 bytes."),
    422: ("invalid_input", 'There is no page "acmi". Known pages: acme.'),
    429: ("too_many_attempts", "Too many wrong keys came from this address. Try again in 12 s."),
    500: ("internal_error", "Something of ours broke. Report it with the request id req_5f0c1d9e8b7a4c32."),
    503: ("unavailable", "The database does not answer now. Try again; `pagecast doctor` says more."),
}
_META = {"request_id": "req_5f0c1d9e8b7a4c32", "timestamp": _MOMENT}
_DEEPEST = 12
_BAD = 400
_NOTHING: Any = object()


def exemplify(document: dict[str, Any]) -> dict[str, Any]:
    """Give every JSON body and answer of an OpenAPI document its example, in place; return the document."""
    schemas = document.get("components", {}).get("schemas", {})
    for operations in document["paths"].values():
        for operation in operations.values():
            _show(operation.get("requestBody", {}).get("content", {}), schemas)
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if JSON in content and int(status) >= _BAD:
                    content[JSON]["example"] = _fault(int(status))
                else:
                    _show(content, schemas)
    return document


def specimen(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "", depth: int = 0) -> Any:
    """Return something that a JSON schema allows; `schemas` are those that it may refer to, `name` is its field's."""
    if "$ref" in schema:
        target = schemas[schema["$ref"].rpartition("/")[2]]
        return specimen(target, schemas, name, depth + 1)
    given = _given(schema)
    if given is not _NOTHING:
        return given
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return _first(choices, schemas, name, depth)
    if schema.get("type") == "object" or "properties" in schema:
        return _object(schema, schemas, name, depth)
    if schema.get("type") == "array":
        return [] if depth > _DEEPEST else [specimen(schema.get("items", {}), schemas, name, depth + 1)]
    return _plain(schema, name)


def _given(schema: Mapping[str, Any]) -> Any:
    """Return what a schema itself names as an example, or as the value that it has; else _NOTHING."""
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    default = schema.get("default")
    return _NOTHING if default is None else default


def _show(content: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    if JSON in content and not {"example", "examples"} & content[JSON].keys():
        content[JSON]["example"] = specimen(content[JSON].get("schema", {}), schemas)


def _first(choices: list[dict[str, Any]], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    """Return one of the first choice that is not null; where they nest without an end, null."""
    some = [choice for choice in choices if choice.get("type") != "null"]
    if depth > _DEEPEST or not some:
        return None
    return specimen(some[0], schemas, name, depth + 1)


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> dict[str, Any]:
    fields = schema.get("properties", {})
    made = {each: specimen(of, schemas, each, depth + 1) for each, of in fields.items()}
    more = schema.get("additionalProperties")
    if not fields and isinstance(more, dict) and more:
        made[name.rstrip("s") or "name"] = specimen(more, schemas, "", depth + 1)
    return made


def _plain(schema: Mapping[str, Any], name: str) -> Any:
    kind = schema.get("type", "string")
    if kind == "string":
        if name in _BY_NAME:
            return _BY_NAME[name]
        return _MOMENT if name.endswith("_at") else _BY_TYPE[kind]
    least = schema.get("minimum", schema.get("exclusiveMinimum"))
    return _BY_TYPE[kind] if least is None else max(least + 1, 1)


def _fault(status: int) -> dict[str, Any]:
    code, message = _FAULTS[status]
    return {"error": {"code": code, "message": message, "status": status, "details": []}, "meta": _META}
