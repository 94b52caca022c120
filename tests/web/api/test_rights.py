"""Every operation by every role, and by keys with scopes: who lacks the right is refused, whoever has it is not.

The table is written here and not asked of the code: a new operation, or a right that moves, changes it for all to see.
"""

import re

import pytest
from fastapi.routing import iter_route_contexts

from campaigns import keys
from campaigns.runtime import now_of
from schemas.api_key import Role
from schemas.right import Right
from tests.web.api.conftest import Caller

WHO = {
    "everybody": {Role.VIEWER, Role.AUTHOR, Role.APPROVER, Role.SENDER, Role.ADMIN},
    "writers": {Role.AUTHOR, Role.SENDER, Role.ADMIN},
    "senders": {Role.SENDER, Role.ADMIN},
    "admins": {Role.ADMIN},
}
TABLE = """
everybody  me                   GET     /me
writers    lists.add            POST    /lists/uploads
writers    lists.add            GET     /lists/uploads/{upload_id}
writers    lists.add            PATCH   /lists/uploads/{upload_id}
writers    lists.add            POST    /lists
everybody  read                 GET     /lists
everybody  read                 GET     /lists/{list_id}
everybody  read                 GET     /lists/{list_id}/rejects.csv
everybody  read                 GET     /campaigns
writers    campaigns.submit     POST    /campaigns
everybody  read                 GET     /campaigns/{ref}
writers    campaigns.submit     DELETE  /campaigns/{ref}
everybody  read                 GET     /campaigns/{ref}/answers
everybody  read                 GET     /campaigns/{ref}/file
everybody  read                 GET     /campaigns/{ref}/deliveries
everybody  read                 GET     /campaigns/{ref}/explain/{recipient}
everybody  read                 GET     /campaigns/{ref}/events
writers    campaigns.plan       GET     /campaigns/{ref}/preview
writers    campaigns.plan       GET     /campaigns/{ref}/sendings
everybody  read                 GET     /campaigns/{ref}/progress
writers    campaigns.submit     POST    /campaigns/meet
writers    campaigns.plan       POST    /campaigns/{ref}/plan
senders    campaigns.launch     POST    /campaigns/{ref}/launch
senders    campaigns.pause      POST    /campaigns/{ref}/pause
senders    campaigns.resume     POST    /campaigns/{ref}/resume
senders    campaigns.cancel     POST    /campaigns/{ref}/cancel
senders    campaigns.retry      POST    /campaigns/{ref}/retry
senders    campaigns.resolve    POST    /campaigns/{ref}/resolve
senders    campaigns.revise     POST    /campaigns/{ref}/revise
senders    campaigns.change     POST    /campaigns/{ref}/change
writers    campaigns.clone      POST    /campaigns/{ref}/clone
senders    campaigns.pause      POST    /panic
everybody  read                 GET     /campaigns/{ref}/report
everybody  read                 GET     /campaigns/{ref}/report.html
everybody  read                 GET     /campaigns/{ref}/results.{kind}
writers    campaigns.plan       GET     /campaigns/{ref}/skipped.csv
writers    campaigns.remainder  GET     /campaigns/{ref}/remainder
writers    campaigns.remainder  GET     /campaigns/{ref}/remainder.csv
everybody  read                 GET     /reports
everybody  read                 GET     /reports/results.{kind}
everybody  read                 GET     /people/{recipient}
admins     people.erase         POST    /people/{recipient}/erase
everybody  read                 GET     /pages
admins     pages.change         POST    /pages
admins     pages.change         DELETE  /pages/{name}
senders    pages.stop           POST    /pages/{name}/pause
senders    pages.stop           POST    /pages/{name}/resume
writers    pages.check          POST    /pages/{name}/check
senders    pages.pull           POST    /pages/{name}/pull
everybody  read                 GET     /testers
senders    testers.change       POST    /testers
senders    testers.change       DELETE  /testers/{recipient}
writers    campaigns.test       POST    /campaigns/{ref}/test-send
everybody  read                 GET     /suppressions
writers    suppressions.add     POST    /suppressions
everybody  read                 GET     /suppressions/{recipient}/history
admins     suppressions.remove  DELETE  /suppressions/{recipient}
everybody  read                 GET     /contacts
everybody  read                 GET     /contacts/export.{kind}
everybody  read                 GET     /suppressions/export.{kind}
writers    suppressions.add     POST    /suppressions/import
everybody  read                 GET     /events
everybody  read                 GET     /events/counts
everybody  read                 GET     /jobs
everybody  read                 GET     /jobs/{job_id}
everybody  read                 GET     /jobs/{job_id}/file
admins     webhooks             GET     /webhooks
admins     webhooks             POST    /webhooks
admins     webhooks             POST    /webhooks/replay
admins     webhooks             DELETE  /webhooks/{name}
admins     webhooks             POST    /webhooks/{name}/test
admins     webhooks             POST    /webhooks/{name}/replay
admins     webhooks             GET     /webhooks/{name}/deliveries
admins     webhooks             POST    /webhooks/{name}/deliveries/{key}/replay
everybody  read                 GET     /audit
admins     keys                 GET     /keys
admins     keys                 POST    /keys
admins     keys                 DELETE  /keys/{name}
"""
UNDOCUMENTED = """
writers    lists.add            PUT     /lists
writers    lists.add            PUT     /lists/uploads/{upload_id}
writers    lists.add            HEAD    /lists/uploads/{upload_id}
everybody  read                 HEAD    /lists/{list_id}
"""
"""What is there for tools that speak HTTP by rote; each does what a documented neighbour does."""
ITSELF = {("GET", "/openapi.json"), ("HEAD", "/openapi.json")}
"""For whoever has a key."""


def entries(table):
    """Return who may and by which right, by operation."""
    rows = [line.split() for line in table.strip().splitlines()]
    return {(method, path): (WHO[who], right) for who, right, method, path in rows}


EVERYTHING = entries(TABLE) | entries(UNDOCUMENTED)


def address(path):
    """Return a path with something in place of its parameters, which names nothing that there is."""
    return re.sub(r"{\w+}", "nothing", path)


def refused(who, operation):
    """Whether somebody lacks the right to an operation; what is said then names it."""
    method, path = operation
    answer = who(method, address(path))
    if answer.status_code == 403 and method != "HEAD":
        assert EVERYTHING[operation][1] in answer.json()["error"]["message"]
    return answer.status_code == 403


@pytest.fixture
def scoped(site, runtime):
    """Return what makes an admin's key with these scopes alone."""

    def made(name, *rights):
        with runtime.writing() as conn:
            key = keys.create(conn, name, Role.ADMIN, now=now_of(conn), actor="test", scopes=rights)
        return Caller(site, key.secret, name)

    return made


def test_the_table_has_every_operation_and_its_right(operations):
    documented = {name: operation["x-right"] for name, operation in operations.items()}
    assert documented == {name: right for name, (_, right) in entries(TABLE).items()}


def test_nothing_is_answered_that_is_not_in_the_table(site):
    app = next(route.app for route in site.routes if getattr(route, "path", "") == "/api/v1")
    answered = {(method, route.path) for route in iter_route_contexts(app.routes) for method in route.methods or ()}
    assert answered == EVERYTHING.keys() | ITSELF


@pytest.mark.parametrize("role", list(Role))
def test_a_role_does_what_the_table_says_and_nothing_else(role, caller):
    who = caller(role, "somebody")
    for operation, (roles, _) in EVERYTHING.items():
        assert refused(who, operation) == (role not in roles), operation


def test_a_key_with_scopes_does_what_they_name_and_nothing_else(scoped):
    for n, right in enumerate(sorted({right for _, right in EVERYTHING.values()} - {Right.ME})):
        only, others = scoped(f"only-{n}", right), scoped(f"others-{n}", *sorted(set(Right) - {right}))
        for operation in (each for each, (_, needed) in EVERYTHING.items() if needed == right):
            assert not refused(only, operation), operation
            assert refused(others, operation), operation
        assert only.get("/me")["rights"] == sorted([right, Right.ME], key=list(Right).index)


def test_a_key_with_one_scope_does_nothing_else(scoped):
    who = scoped("reader", Right.READ)
    for operation, (_, right) in EVERYTHING.items():
        assert refused(who, operation) == (right not in {Right.READ, Right.ME}), operation


def test_strangers_are_refused_everywhere(stranger):
    for method, path in EVERYTHING.keys() | ITSELF:
        answer = stranger(method, address(path))
        assert answer.status_code == 401, (method, path)
        assert method == "HEAD" or answer.json()["error"]["code"] == "unauthorized"


def test_every_operation_is_documented(operations):
    for name, operation in operations.items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["security"], name
        assert {"401", "403", "422"} <= set(operation["responses"]), name
