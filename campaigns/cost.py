"""What a campaign will cost, from a rate card that its operator keeps: no platform publishes one that holds for all.

A card is TOML with `currency` and one `[[rates]]` table a price, or CSV with a line a price. Both have the keys `price`
(for one message), `channel` and `provider` (left out: every one), and `free_inside_window`. The closest price counts:
one for channel and provider before one for the provider, before one for the channel, before one for all.
"""

import csv
import datetime as dt
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from campaigns.errors import InputError
from schemas.page import Channel, ProviderName

_STRICT = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
_EXAMPLE = 'currency = "USD" and [[rates]] with provider = "orbit" and price = 0.0065'
_LEAST_DIGITS = Decimal("0.01")


class Rate(BaseModel):
    """The price of one message, in the card's currency; `free_inside_window` where only others are charged."""

    model_config = _STRICT

    channel: Channel | None = None
    provider: ProviderName | None = None
    price: Annotated[Decimal, Field(ge=0)]
    free_inside_window: bool = False

    def closeness(self, channel: Channel, provider: ProviderName) -> int | None:
        """Return how closely the price is meant for these, None where it is for others."""
        if self.channel not in {None, channel} or self.provider not in {None, provider}:
            return None
        return 2 * (self.provider is not None) + (self.channel is not None)


class RateCard(BaseModel):
    """Prices in one currency, as somebody wrote them down on a day."""

    model_config = _STRICT

    name: str
    """The file's name."""
    currency: str = Field(min_length=1, max_length=12)
    dated: dt.date
    rates: tuple[Rate, ...] = Field(min_length=1)

    @field_validator("currency")
    @classmethod
    def _printable(cls, word: str) -> str:
        if not word.isprintable():
            raise ValueError("is no currency; write it like USD")
        return word

    @model_validator(mode="after")
    def _one_price_each(self) -> Self:
        keys = [(rate.channel, rate.provider) for rate in self.rates]
        if len(set(keys)) < len(keys):
            raise ValueError("two prices are for the same channel and provider; remove one")
        return self


@dataclass(frozen=True, slots=True)
class Sending:
    """Messages that one channel of a provider is to carry; `inside` is how many of them go into a known open window."""

    channel: Channel
    provider: ProviderName
    messages: int
    inside: int


class Cost(BaseModel):
    """An estimate: `amount` as a decimal text in `currency`, for `messages` of which `free` cost nothing."""

    amount: str
    currency: str
    messages: int
    free: int
    card: str
    dated: str

    @property
    def sentence(self) -> str:
        """The estimate as people read it."""
        free = f", {self.free:,} of them free" if self.free else ""
        many = f"{self.messages:,} {'message' if self.messages == 1 else 'messages'}"
        whence = f"{self.card}, dated {self.dated}"
        return f"Estimated cost: {Decimal(self.amount):,} {self.currency} for {many}{free} ({whence})."


def load(path: Path) -> RateCard:
    """Read a rate card; one without a date of its own has the file's. Raises InputError."""
    try:
        written = path.read_text(encoding="utf-8-sig")
        changed = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()
        content = _of_csv(written) if path.suffix.lower() == ".csv" else tomllib.loads(written, parse_float=Decimal)
        return RateCard.model_validate({"dated": changed} | content | {"name": path.name})
    except OSError as error:
        raise InputError(f"Cannot read the rate card {path}: {error.strerror}. Check the path.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"The rate card {path} is not UTF-8. Save it as UTF-8.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the card"
        raise InputError(f"The rate card {path}: `{where}`: {first['msg']}. Write {_EXAMPLE}.") from error
    except (tomllib.TOMLDecodeError, csv.Error) as error:
        raise InputError(f"The rate card {path} cannot be read: {error}. Write {_EXAMPLE}.") from error


def estimate(card: RateCard, sendings: Iterable[Sending]) -> Cost:
    """Return what these messages cost by a card; raises InputError for a missing price."""
    amount, messages, free = Decimal(0), 0, 0
    for sending in sendings:
        rate = _rate(card, sending)
        unpaid = sending.messages if not rate.price else sending.inside if rate.free_inside_window else 0
        amount += rate.price * (sending.messages - unpaid)
        messages += sending.messages
        free += unpaid
    told = f"{amount:f}" if amount and amount < _LEAST_DIGITS else f"{amount:.2f}"
    dated = card.dated.isoformat()
    return Cost(amount=told, currency=card.currency, messages=messages, free=free, card=card.name, dated=dated)


def _rate(card: RateCard, sending: Sending) -> Rate:
    closeness = {rate: rate.closeness(sending.channel, sending.provider) for rate in card.rates}
    found = {rate: close for rate, close in closeness.items() if close is not None}
    if not found:
        raise InputError(
            f"{card.name} has no price for {sending.channel} at {sending.provider}. Add one, of 0 where it is free."
        )
    return max(found, key=found.__getitem__)


def _of_csv(written: str) -> dict[str, Any]:
    """Return the content of a CSV card; its currency, and date if any, stand in one line or in all."""
    lines = [_line(cells) for cells in csv.DictReader(written.splitlines(), skipinitialspace=True)]
    content: dict[str, Any] = {}
    for key in ("currency", "dated"):
        said = {line.pop(key) for line in lines if key in line}
        if len(said) > 1:
            raise csv.Error(f"it has several values of {key}: {', '.join(sorted(said))}")
        content.update((key, word) for word in said)
    return content | {"rates": lines}


def _line(cells: Mapping[str | None, Any]) -> dict[str, str]:
    if None in cells:
        raise csv.Error("a line has more cells than the header")
    return {str(key).strip(): value.strip() for key, value in cells.items() if value and value.strip()}
