"""The API as its own documentation describes it: whatever is asked, the answer is documented and true to its shape.

Schemathesis makes requests of what the documentation allows and of what it does not; half of the names in them are of
things that there are. Nothing leaves this machine: no host has an address here, and the platform is the simulator.
"""

import hashlib
import socket
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks

from campaigns import jobs, simulator
from campaigns.lifecycle import control
from campaigns.runtime import now_of
from campaigns.simulator import Scenario
from tests import factories
from tests.factories import content, launched, people, person, submitted
from tests.web.api.test_writing import written
from tests.workers.notices.occasions import happen
from workers.errand import work

# Whether everything else is refused is not asked: 0 goes for false, as everywhere in Pydantic.
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
ORDER = ("get", "patch", "post", "delete")
"""What ends something comes last, so that there is something for the others."""
FEW = 3
ENDINGS = ("/cancel", "/panic", "/erase")
SETTINGS = settings(
    database=None, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink]
)
FILE = "a body that is a file"
LATER = {"Prefer": "respond-async"}


@pytest.fixture(autouse=True)
def no_addresses(monkeypatch):
    """Let no host but this machine have an address."""
    look_up = socket.getaddrinfo

    def here(host, *rest, **more):
        if host in {"127.0.0.1", "localhost"}:
            return look_up(host, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "no host has an address here")

    monkeypatch.setattr(socket, "getaddrinfo", here)


@pytest.fixture
def platform():
    with simulator.start(Scenario()) as running:
        yield running


@pytest.fixture
def states(runtime, tmp_path, platform):
    """Return a campaign in each state that matters, the one that is over last."""
    rows = [*people(4), *people(1, recipient_id=person(4), first_name="")]

    def file(name):
        return content(platform.meta_url, name=name)

    drafts = [submitted(runtime, tmp_path, rows, file(name)) for name in ("Draft", "Spare")]
    sending, paused, over = (launched(runtime, tmp_path, rows, file(name)) for name in ("Sent", "Paused", "Over"))
    control.pause(runtime, paused, "test")
    control.cancel(runtime, over, "test")
    return [each.ref for each in (*drafts, sending, paused, over)]


@pytest.fixture
def known(admin, runtime, states, monkeypatch):
    """Return what there is, by the parameters and fields that it may stand in."""
    for name, token in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    draft, *_, over = states
    ids = [person(n) for n in range(6)]
    for who in ids[:2]:
        admin.post("/testers", {"recipient_id": who, "page": "acme"}, status=201)
    admin.post("/suppressions", {"recipient_id": ids[2], "page": "acme"}, status=201)
    admin.post("/keys", {"name": "crm", "role": "author"}, status=201)
    admin.post("/webhooks", {"name": "ops", "url": "https://ops.example.com/x", "events": ["all"]}, status=201)
    happen(runtime)
    rows = written([*people(3), *people(1, recipient_id="1.78E+16")])
    listed = admin.post("/lists", content=rows, params={"name": "people.csv"}, status=201)["id"]
    whole = {"name": "people.csv", "size": len(rows), "sha256": hashlib.sha256(rows).hexdigest()}
    return {
        FILE: [rows],
        "Upload-Offset": ["0", str(len(rows))],
        "campaign": states,
        "column": [["recipient_id=recipient_id"]],
        "expires": ["90d"],
        "from": ["2026-01-01"],
        "job_id": jobs_of(admin, runtime, over),
        "key": [each["id"] for each in admin.get("/webhooks/ops/deliveries")],
        "list": [listed, "@contacts"],
        "list_id": [listed],
        "message": [{"text": "Hi {{ first_name }}"}],
        "min_left": ["2h"],
        "name": ["acme", "ops", "crm", "Draft"],
        "page": ["acme"],
        "pages": [{}],
        "person": ids,
        "prefer": ["respond-async", "wait=0"],
        "recipient": ids,
        "recipient_id": ids,
        "ref": states,
        "sha256": [whole["sha256"]],
        "since": ["24h"],
        "to": [*ids, "2027-01-01"],
        "token": [admin.post(f"/campaigns/{draft}/plan")["token"]],
        "upload_id": [admin.post("/lists/uploads", whole, status=201)["id"]],
        "word": [*states, "last", "Draft"],
        "zone": ["UTC"],
    }


def jobs_of(admin, runtime, ref):
    """Return a job that waits, one that failed and one that has a file."""
    asked = [("POST", "plan"), ("GET", "results.csv"), ("GET", "report")]
    made = [admin(how, f"/campaigns/{ref}/{what}", headers=LATER).json()["data"]["id"] for how, what in asked]
    for _ in made[1:]:
        with runtime.writing() as conn:
            job = jobs.take(conn, "test", now_of(conn))
        assert work(runtime, job.ref, "test")
    return made


@st.composite
def lifelike(draw, cases, known):
    """Draw requests, half of whose values are of what there is."""
    case = draw(cases)
    for part in (case.path_parameters, case.query, case.headers, case.body):
        for name in sorted(known.keys() & part.keys()) if isinstance(part, Mapping) else ():
            if draw(st.booleans()):
                part[name] = draw(st.sampled_from(known[name]))
    if not isinstance(case.body, Mapping | NotSet) and draw(st.booleans()):
        (case.body,) = known.get(FILE, (b"",))
    return case


@dataclass
class Asked:
    """Asks for everything that is documented, as the holder of a key; counts what was answered."""

    described: BaseSchema
    headers: Mapping[str, str]
    answers: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def operations(self):
        found = [each.ok() for each in self.described.get_all_operations()]
        return sorted(found, key=lambda each: (ORDER.index(each.method), each.path.endswith(ENDINGS)))

    def about(self, operation, known, within):
        """Ask for what is allowed, for what is shown, and for what is not allowed."""
        allowed = [operation.as_strategy(), *operation.get_strategies_from_examples()]
        for cases in allowed:
            self._ask(lifelike(cases, known), within)
        if list(operation.query) or list(operation.body):
            self._ask(operation.as_strategy(GenerationMode.NEGATIVE), within)

    def _ask(self, cases, within):
        @within
        @given(case=cases)
        def asked(case):
            answer = case.call_and_validate(headers=self.headers, checks=CHECKS)
            self.answers[case.operation.label][answer.status_code] += 1

        asked()


@pytest.fixture
def asked(site, admin):
    # Without the dashboard around it, whose loops would go on after the test.
    app = next(route.app for route in site.routes if getattr(route, "path", "") == "/api/v1")
    headers = {"X-API-Key": admin.secret}
    config = SchemathesisConfig()
    config.projects.default.generation.update(with_security_parameters=False)
    described = openapi.from_asgi("/openapi.json", app, config=config, headers=headers)
    return Asked(described, headers)


@pytest.mark.parametrize("examples", [FEW, pytest.param(40, marks=pytest.mark.long)])
def test_every_answer_is_documented_and_true_to_its_shape(asked, known, subtests, examples):
    within = settings(SETTINGS, max_examples=examples, derandomize=examples == FEW)
    for operation in asked.operations():
        # The stream of a campaign that still sends has no end.
        about = {"ref": known["ref"][-1:]} if operation.path.endswith("/progress") else known
        # Each test is a process.
        slow = operation.path.endswith("/test-send")
        with subtests.test(operation.label):
            asked.about(operation, about, settings(within, max_examples=FEW) if slow else within)
    statuses = asked.answers.values()
    assert not any(401 in found for found in statuses), "the key works to the end"
    done = [found for found in statuses if any(status < 300 for status in found)]
    assert len(done) > len(statuses) * 3 / 4, "most is done, and not refused"
