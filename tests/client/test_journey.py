"""The whole job from Python: a list sent, a campaign written, planned, launched, watched, and its report fetched."""

import csv
from collections import Counter
from dataclasses import replace

import pytest

from campaigns import simulator
from campaigns.client import Client
from campaigns.client.calls import campaigns, jobs, lists, pages, reports
from campaigns.simulator import Scenario
from schemas.api.reports import Kind
from schemas.campaign import CampaignState
from schemas.delivery import DeliveryState
from schemas.job import JobKind, JobState
from tests import factories
from tests.factories import people, person

PEOPLE = 40


@pytest.fixture
def platform():
    with simulator.start(Scenario(latency=0.02, blocked=0.1, seed=3)) as running:
        yield running


def as_a_job(call):
    """Return the same, which the server takes its time for."""
    return replace(call, headers={**call.headers, "Prefer": "respond-async"})


@pytest.mark.databases("sqlite", pytest.param("postgresql", marks=pytest.mark.long))
def test_from_a_file_to_its_results(installed, platform, runtime, key, tmp_path):
    rows = people(PEOPLE)
    path = tmp_path / "people.csv"
    factories.write_list(path, [*rows, rows[0], rows[1] | {"recipient_id": "none"}])
    with Client(installed, key) as client:
        listed = client.upload(path)
        assert (listed.rows, listed.usable, listed.rejected, listed.duplicates) == (PEOPLE + 2, PEOPLE, 1, 1)
        assert client.download(lists.rejects(listed.id), tmp_path / "rejects.csv").read_text().count("\n") == 3

        draft = client.do(campaigns.submit(factories.content(platform.meta_url, list=listed.id)))
        plan = client.do(as_a_job(campaigns.plan(draft.id)))
        assert (draft.state, plan.eligible) == (CampaignState.DRAFT, PEOPLE)
        assert client.do(campaigns.launch(draft.id, plan.token)).rows == PEOPLE + 2

        *underway, last = client.watch(draft.id)
        assert last.state is CampaignState.FINISHED
        assert {each.state for each in underway} <= {CampaignState.SCHEDULED, CampaignState.SENDING}
        ledger = Counter(row["state"] for row in factories.select(runtime, "SELECT state FROM delivery"))
        assert Counter(last.counts) == ledger + Counter({"rejected": 1, "duplicate": 1})
        assert ledger[DeliveryState.ACCEPTED] == len(list(platform.accepted())) > PEOPLE / 2

        told = list(client.each(campaigns.deliveries(draft.id, limit=15)))
        assert Counter(row.state.value for row in told) == ledger
        assert client.do(reports.report(draft.id)).status.counts == last.counts
        csv_file = client.download(reports.results(draft.id), tmp_path / "results.csv")
        with csv_file.open(newline="", encoding="utf-8-sig") as file:
            assert Counter(row["state"] for row in csv.DictReader(file)) == Counter(last.counts)
        excel = client.download(as_a_job(reports.results(draft.id, Kind.XLSX)), tmp_path / "results.xlsx")
        assert excel.read_bytes().startswith(b"PK")
        kinds = [(job.kind, job.state) for job in client.each(jobs.listed())]
        assert kinds == [(JobKind.RESULTS, JobState.DONE), (JobKind.PLAN, JobState.DONE)]
        line = client.do(campaigns.explain(draft.id, person(0))).lines[0]
        assert [page.name for page in client.do(pages.listed())] == ["acme"] == [line.page]
