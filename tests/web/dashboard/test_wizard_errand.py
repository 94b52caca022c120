"""Long work of the wizard is a job where somebody does jobs, and is done here where nobody does."""

import asyncio
import threading
from functools import partial
from types import SimpleNamespace

import pytest
from anyio import CapacityLimiter, create_task_group, wait_all_tasks_blocked
from anyio.to_thread import current_default_thread_limiter

from campaigns import jobs, keys
from campaigns.errors import VoidPlanError
from campaigns.runtime import now_of
from campaigns.web.api.desk import Desk
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
    return SimpleNamespace(runtime=runtime, desk=Desk(runtime, factories.ENVIRONMENT, key, CapacityLimiter(1)))


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
            with pytest.raises(VoidPlanError, match="The token wrong"):
                done(session, JobKind.LAUNCH, {"campaign": draft.ref, "token": "wrong"}, small=False)
        finally:
            ending.set()
            thread.join()
    assert Plan.model_validate_json(made).eligible == 2
    assert said
    with runtime.reading() as conn:
        assert [job.kind for job in jobs.listed(conn, None, 1 << 62, 9)] == [JobKind.LAUNCH, JobKind.PLAN]


def test_who_waits_takes_no_thread_from_others(session):
    async def crowded(n):
        heavy = session.desk.heavy
        async with heavy, create_task_group() as crowd:
            for _ in range(n):
                crowd.start_soon(partial(errand.document, session, JobKind.PLAN, {}, small=True, say=print))
            await wait_all_tasks_blocked()
            assert heavy.statistics().tasks_waiting == n
            assert current_default_thread_limiter().borrowed_tokens == 0
            crowd.cancel_scope.cancel()

    asyncio.run(crowded(50))
