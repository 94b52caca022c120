"""The hold-out group: who gets nothing, so that what the message did can be seen by comparison.

Who is in it follows from the campaign's title, the account and the id alone. A run that is said again, a longer list
or another machine hold out the same people, and another campaign holds out others. The numbers below are therefore for
good: polars' own hash is another one from version to version.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from campaigns.policy.identity import number
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign_page import CampaignPage

_BITS = 64
# The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
_STEPS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31


@dataclass(frozen=True, slots=True)
class Holdout:
    """`share` (0 to 1) of the people of the campaign `title` get nothing."""

    share: float
    title: str

    def people(self, pages: Iterable[CampaignPage]) -> pl.Expr:
        """Return whether each row's person is held out, by page and recipient id."""
        seeds = {page.page_id: self._seed(f"{page.channel}:{page.account_id}") for page in pages}
        return self._held(pl.col(stored.RECIPIENT), _by_page(seeds))

    def customers(self, key: pl.Expr, pages: Iterable[CampaignPage]) -> pl.Expr:
        """Return the same by customer, whichever accounts they wrote to; rows without one go by the person."""
        by_customer = self._held(key, pl.lit(self._seed("customer"), dtype=pl.UInt64))
        return pl.when(key.is_null()).then(self.people(pages)).otherwise(by_customer)

    def _held(self, key: pl.Expr, seed: pl.Expr) -> pl.Expr:
        below = round(self.share * 2**_BITS)
        # As an expression every step would ask for the one before twice, and the texts be read sixteen times.
        return pl.map_batches([key, seed], lambda given: _mixed(_numbered(given[0]) + given[1]) < below, pl.Boolean)

    def _seed(self, what: str) -> int:
        return _digest(f"{self.title}\n{what}")


def _by_page(seeds: Mapping[int, int]) -> pl.Expr:
    values = pl.Series(list(seeds.values()), dtype=pl.UInt64)
    return pl.col(screened.PAGE_ID).replace_strict(list(seeds), values, default=None, return_dtype=pl.UInt64)


def _numbered(keys: pl.Series) -> pl.Series:
    """Return texts as UInt64; one that is no number takes a microsecond."""
    frame = keys.alias("key").to_frame().with_columns(number(pl.col("key")).alias("number"))
    text = frame.select(pl.when(pl.col("number").is_null()).then("key").alias("text")).to_series()
    if text.null_count() < len(text):
        frame = frame.with_columns(
            pl.coalesce("number", text.map_elements(_digest, return_dtype=pl.UInt64)).alias("number")
        )
    return frame["number"]


def _mixed(value: pl.Series) -> pl.Series:
    """Return UInt64 in which every bit depends on every bit of `value`; products wrap."""
    for shift, factor in _STEPS:
        value = (value ^ value // 2**shift) * factor
    last: pl.Series = value ^ value // 2**_LAST_SHIFT
    return last


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=_BITS // 8).digest())
