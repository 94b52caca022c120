"""Long work of the wizard is a job where somebody does jobs, and is done here where nobody does."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from campaigns import jobs, keys
from campaigns.errors import InputError
from campaigns.runtime import now_of
from campaigns.web.dashboard.wizard import errand
from schemas.api_key import Role
from schemas.job import JobKind
from schemas.plan import Plan
from tests import factories
from workers.errand import work
from workers.jobs import alone


@pytest.fixture
def session(runtime):
    """As much of a session as an errand asks for."""
    with runtime.writing() as conn:
        key = keys.create(conn, "maria", Role.SENDER, now=now_of(conn), actor="test").key
    return SimpleNamespace(runtime=runtime, environment=factories.ENVIRONMENT, key=key, actor="key:maria")


def done(session, kind, arguments, *, small, said=None):
    say = (said if said is not None else []).append
    return asyncio.run(errand.document(session, kind, arguments, small=small, say=say))


def labour(runtime, ending):
    while not ending.wait(0.02):
        with runtime.writing() as conn:
            job = jobs.take(conn, "test", now_of(conn))
        if job:
            assert work(runtime, job.ref, "test")


def test_what_is_large_is_done_here_where_nobody_takes_jobs(session, runtime, tmp_path):
    draft = factories.submitted(runtime, tmp_path, factories.people(2))
    made = done(session, JobKind.PLAN, {"campaign": draft.ref}, small=False)
    assert Plan.model_validate_json(made).eligible == 2


def test_what_is_large_is_a_job_that_is_waited_for(session, runtime, tmp_path, monkeypatch):
    for name, token in factories.ENVIRONMENT.items():
        monkeypatch.setenv(name, token)
    draft = factories.submitted(runtime, tmp_path, factories.people(2))
    ending, said = threading.Event(), []
    thread = threading.Thread(target=labour, args=(runtime, ending))
    with alone(runtime.settings.home, ending):
        thread.start()
        try:
            made = done(session, JobKind.PLAN, {"campaign": draft.ref}, small=False, said=said)
            with pytest.raises(InputError, match="token"):
                done(session, JobKind.LAUNCH, {"campaign": draft.ref, "token": "wrong"}, small=False)
        finally:
            ending.set()
            thread.join()
    assert Plan.model_validate_json(made).eligible == 2
    assert said
    with runtime.reading() as conn:
        assert [job.kind for job in jobs.listed(conn, None, 1 << 62, 9)] == [JobKind.LAUNCH, JobKind.PLAN]


def test_small_is_by_size_and_packing():
    assert errand.is_small(errand.SMALL_BYTES, b"recipient_id")
    assert not errand.is_small(errand.SMALL_BYTES + 1, b"recipient_id")
    assert not errand.is_small(errand.SMALL_PACKED + 1, b"PAR1")
