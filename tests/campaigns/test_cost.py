"""A rate card: which price counts, what the messages come to, and what a card may not be."""

import os
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns import cost
from campaigns.cost import Rate, RateCard, Sending
from campaigns.errors import InputError
from schemas.page import Channel, ProviderName

INSTAGRAM, MESSENGER = Channel.INSTAGRAM, Channel.MESSENGER
META, ORBIT = ProviderName.META, ProviderName.ORBIT

TOML = """
currency = "USD"
dated = 2026-11-01
[[rates]]
price = 0.01
[[rates]]
provider = "orbit"
price = 0.0065
[[rates]]
channel = "instagram"
price = 0.005
[[rates]]
channel = "messenger"
provider = "orbit"
price = 1
free_inside_window = true
"""
CSV = """channel,provider,price,currency,free_inside_window,dated
,,0.01,USD,,2026-11-01
,orbit,0.0065,USD,no,
instagram,,0.005,USD,,
messenger,orbit,1,USD,yes,
"""


def loaded(tmp_path, text, name="rates.toml"):
    path = tmp_path / name
    path.write_text(text)
    return cost.load(path)


@pytest.fixture(params=["toml", "csv"])
def card(request, tmp_path):
    return loaded(tmp_path, TOML if request.param == "toml" else CSV, f"rates.{request.param}")


@pytest.mark.parametrize(
    ("sending", "amount"),
    [
        (Sending(MESSENGER, META, 1000, 1000), "10.00"),
        (Sending(INSTAGRAM, META, 1000, 0), "5.00"),
        (Sending(INSTAGRAM, ORBIT, 1000, 0), "6.50"),
        (Sending(MESSENGER, ORBIT, 1000, 990), "10.00"),
        (Sending(INSTAGRAM, ORBIT, 1, 0), "0.0065"),
        (Sending(INSTAGRAM, ORBIT, 0, 0), "0.00"),
    ],
)
def test_the_closest_price_counts(card, sending, amount):
    assert cost.estimate(card, [sending]).amount == amount


def test_an_estimate_says_whence_it_is(card):
    told = cost.estimate(card, [Sending(MESSENGER, ORBIT, 2_000, 1_500), Sending(INSTAGRAM, META, 1_000, 0)])
    assert told.sentence == (
        f"Estimated cost: 505.00 USD for 3,000 messages, 1,500 of them free ({card.name}, dated 2026-11-01)."
    )
    alone = cost.estimate(card, [Sending(INSTAGRAM, META, 1, 0)])
    assert "0.005 USD for 1 message (" in alone.sentence


@given(price=st.decimals(0, 100, places=4), n=st.integers(0, 10**7))
def test_no_cent_is_lost_to_fractions(price, n):
    card = RateCard(name="r", currency="EUR", dated="2026-11-01", rates=(Rate(price=price),))
    told = Decimal(cost.estimate(card, [Sending(INSTAGRAM, META, n, 0)]).amount)
    assert abs(told - price * n) <= Decimal("0.005")


def test_a_card_without_a_date_has_its_files(tmp_path):
    path = tmp_path / "rates.toml"
    path.write_text('currency = "USD"\nrates = [{ price = 0 }]\n')
    os.utime(path, (1_796_133_600, 1_796_133_600))
    assert cost.load(path).dated.isoformat() == "2026-12-01"


def test_a_free_card_costs_nothing(tmp_path):
    told = cost.estimate(
        loaded(tmp_path, 'currency = "USD"\nrates = [{ price = 0 }]\n'), [Sending(INSTAGRAM, META, 7, 0)]
    )
    assert (told.amount, told.messages, told.free) == ("0.00", 7, 7)


def test_a_missing_price_is_no_zero(tmp_path):
    card = loaded(tmp_path, 'currency = "USD"\nrates = [{ channel = "instagram", price = 1 }]\n')
    with pytest.raises(InputError, match=r"rates.toml has no price for messenger at meta. Add one"):
        cost.estimate(card, [Sending(MESSENGER, META, 1, 1)])


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("r.toml", 'currency = "USD"', "`rates`: Field required"),
        ("r.toml", "rates = [{ price = 1 }]", "`currency`"),
        ("r.toml", 'currency = "USD"\nrates = [{ price = -1 }]', "price"),
        ("r.toml", 'currency = "USD"\nrates = [{ price = nan }]', "price"),
        ("r.toml", 'currency = "USD"\nrates = [{ prize = 1 }]', r"`rates.0.price`: Field required"),
        ("r.toml", 'currency = "USD"\nrates = [{ price = 1, channel = "fax" }]', "channel"),
        ("r.toml", 'currency = "USD"\nrates = [{ price = 1 }, { price = 2 }]', "same channel and provider"),
        ("r.toml", "currency = USD", "cannot be read"),
        ("r.csv", "price,currency\n1,USD\n2,EUR\n", "several values of currency: EUR, USD"),
        ("r.csv", "price,currency\n", "`currency`"),
        ("r.csv", "price,currency\n1,USD,too,many\n", "more cells than the header"),
    ],
)
def test_a_card_that_cannot_be_used_is_refused(tmp_path, name, text, says):
    with pytest.raises(InputError, match=says):
        loaded(tmp_path, text, name)


def test_a_card_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="Check the path"):
        cost.load(tmp_path / "none.toml")
