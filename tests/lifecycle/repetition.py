"""A campaign that repeats, and what became of its moments."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from campaigns.lifecycle import find, series
from campaigns.lifecycle.advance import advance
from campaigns.lifecycle.occurrence import work
from campaigns.runtime import Runtime
from tests import factories
from tests.factories import ENVIRONMENT, content, page, select
from tests.lifecycle.aftermath import write

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LONG_AGO = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Meanwhile(Runtime):
    """Something happens between two of its transactions, once, after so many."""

    budget: list[int]
    happens: Callable[[], object]

    @contextmanager
    def writing(self):
        self.budget[0] -= 1
        if self.budget[0] == -1:
            self.happens()
        with super().writing() as conn:
            yield conn


def written(ms):
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def file(runtime, ago=MINUTE, rule="FREQ=DAILY", schedule=(), **changes):
    """A campaign whose first moment was a while ago."""
    start = written(factories.now(runtime) - ago)
    return content(
        schedule={"repeat": rule, "start": start} | dict(schedule), pages={"acme": page(rate=0.05)}, **changes
    )


def launched(runtime, folder, *args, **changes):
    """Launch a series for five people, whose first moment is due."""
    return factories.launched(runtime, folder, factories.people(5), file(runtime, *args, **changes))


def missed(runtime, folder, ago, **changes):
    """Launch a series of which nobody took care since its first moment."""
    campaign = launched(runtime, folder, ago, **changes)
    start = present(runtime, campaign).start_at
    write(runtime, "UPDATE series SET next_at = :start, since = 0", start=start)
    return campaign, start


def present(runtime, campaign):
    with runtime.reading() as conn:
        return find.by_id(conn, campaign.id)


def does(runtime, campaign):
    assert work(runtime, campaign, ENVIRONMENT)


def tick(runtime, at=None):
    with runtime.writing() as conn:
        advance(conn, at or factories.now(runtime))


def due(runtime):
    with runtime.reading() as conn:
        return list(series.due(conn, factories.now(runtime)))


def moments(runtime):
    return select(runtime, "SELECT * FROM occurrence ORDER BY at")


def states_of_moments(runtime):
    return [row["state"] for row in moments(runtime)]


def only(runtime, campaign):
    """The one campaign of a series."""
    found = select(runtime, "SELECT id FROM campaign WHERE id <> :id", id=campaign.id)
    assert len(found) == 1
    with runtime.reading() as conn:
        return find.by_id(conn, found[0]["id"])


def sentences(runtime, kind):
    return [row["sentence"] for row in select(runtime, "SELECT * FROM event WHERE kind = :kind ORDER BY id", kind=kind)]
