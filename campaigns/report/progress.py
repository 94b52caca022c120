"""How the results came about in time, read from the results file."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

_MOST_INTERVALS = 60
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_STEPS = (
    *(n * _SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * _MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 7, 14, 28, 91, 365)),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """Messages accepted in each interval of `step` ms from `start` (epoch ms) on; `first` and `last` are exact."""

    start: int
    step: int
    accepted: tuple[int, ...]
    first: int
    last: int

    @property
    def average(self) -> float | None:
        """Messages per second from the first to the last one; None where they say nothing about a rate."""
        gaps = sum(self.accepted) - 1
        return gaps * 1000 / (self.last - self.first) if gaps > 0 and self.last > self.first else None


def progress(results: Path) -> Progress | None:
    """Return the progress over time, None where nothing was accepted yet."""
    moment = pl.col("accepted_at").dt.epoch("ms")
    rows = pl.scan_parquet(results).filter(pl.col("accepted_at").is_not_null())
    first, last = rows.select(moment.min().alias("first"), moment.max().alias("last")).collect().row(0)
    if first is None:
        return None
    step = next((step for step in _STEPS if last // step - first // step < _MOST_INTERVALS), _STEPS[-1])
    found = rows.group_by((moment // step).alias("interval")).agg(pl.len().alias("n")).collect()
    by_interval = dict(found.iter_rows())
    intervals = range(first // step, last // step + 1)
    return Progress(
        first // step * step, step, tuple(by_interval.get(interval, 0) for interval in intervals), first, last
    )


def counted(results: Path) -> dict[str, int]:
    """Return how many rows of the results file stand in each state."""
    return dict(pl.scan_parquet(results).group_by("state").agg(pl.len()).collect().iter_rows())


def replied(results: Path) -> int:
    """Return how many people wrote back."""
    return int(pl.scan_parquet(results).select(pl.col("replied_at").is_not_null().sum()).collect().item())


def codes(results: Path, most: int = 20) -> list[tuple[str, str, int]]:
    """Return (reason, platform's code, rows) of what was refused or is in doubt, the most frequent first."""
    rows = pl.scan_parquet(results).filter(pl.col("provider_code").is_not_null() & pl.col("reason").is_not_null())
    grouped = rows.group_by("reason", "provider_code").agg(pl.len().alias("n"))
    return grouped.sort("n", "reason", "provider_code", descending=[True, False, False]).head(most).collect().rows()
