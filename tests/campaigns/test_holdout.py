"""The hold-out group is the same for ever, of the size that was asked for, and of another campaign another one."""

import hashlib

import polars as pl
import pytest

from campaigns.policy.holdout import Holdout
from schemas import recipient_list as stored
from schemas import screened
from schemas.campaign_page import CampaignPage
from schemas.page import Channel

ACME = CampaignPage(1, 1, "acme", "17841", Channel.INSTAGRAM, 36.0, "page acme")
ELSEWHERE = CampaignPage(7, 7, "elsewhere", "17841", Channel.INSTAGRAM, 36.0, "page elsewhere")
OTHER = CampaignPage(3, 3, "other", "998", Channel.MESSENGER, 36.0, "page other")
MASK = 2**64 - 1
FIRST = 10_000_000_000_000_000


def held(ids, *, page=ACME, share=0.1, title="Spring"):
    rows = pl.DataFrame({stored.RECIPIENT: ids, screened.PAGE_ID: [page.page_id] * len(ids)})
    return rows.select(Holdout(share, title).people([page])).to_series()


def digest(text):
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def mixed(person, title="Spring", account="instagram:17841"):
    """The rule in plain numbers."""
    number = int(person) if person.isdecimal() and person[0] != "0" and int(person) <= MASK else digest(person)
    value = (number + digest(f"{title}\n{account}")) & MASK
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> shift)) * factor & MASK
    return value ^ (value >> 31)


VECTOR = [9, 17, 23, 27, 39, 43, 55, 58, 67, 68, 69, 76, 94]
TEXT_VECTOR = [18, 20, 22, 23, 42, 44, 70, 72, 75, 81, 97, 99]
IDS = [*(str(FIRST + n) for n in range(2_000)), *(f"C-{n}" for n in range(200)), "007", "+7", "9" * 20, str(MASK)]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_it_follows_the_rule_for_every_kind_of_id(share):
    below = round(share * 2**64)
    assert held(IDS, share=share).to_list() == [mixed(person) < below for person in IDS]


def test_these_people_are_held_out_for_ever():
    people = [str(FIRST + n) for n in range(100)]
    assert [n for n, out in enumerate(held(people)) if out] == VECTOR
    assert [n for n, out in enumerate(held([f"C-{n}" for n in range(100)])) if out] == TEXT_VECTOR


@pytest.mark.parametrize("title", ["Spring", "Autumn", "Ünïted", "x"])
@pytest.mark.parametrize("step", [1, 1_000, 2**20])
def test_the_share_is_what_was_asked_for(title, step):
    people = [str(FIRST + n * step) for n in range(100_000)]
    for share in (0.05, 0.1, 0.5):
        assert abs(held(people, share=share, title=title).mean() - share) < 0.005


def test_two_campaigns_and_two_accounts_hold_out_independently():
    people = [str(FIRST + n) for n in range(100_000)]
    here = held(people)
    for other in (held(people, title="Autumn"), held(people, page=OTHER)):
        assert abs((here & other).mean() - 0.01) < 0.002


def test_the_id_of_a_page_in_this_database_does_not_matter():
    people = [str(FIRST + n) for n in range(1_000)]
    assert held(people).equals(held(people, page=ELSEWHERE))


def test_a_customer_is_in_one_group_whichever_account_and_id():
    rows = pl.DataFrame(
        {
            stored.RECIPIENT: [str(FIRST + n) for n in range(400)],
            screened.PAGE_ID: [1, 3] * 200,
            "customer": [None if n < 100 else f"C-{n // 2}" for n in range(400)],
        }
    )
    both = Holdout(0.5, "Spring")
    found = rows.with_columns(
        both.customers(pl.col("customer"), [ACME, OTHER]).alias("held"), both.people([ACME, OTHER]).alias("person")
    )
    groups = found.drop_nulls("customer").group_by("customer").agg(pl.col("held").n_unique(), first=pl.first("held"))
    assert groups["held"].to_list() == [1] * 150
    assert 50 < groups["first"].sum() < 100
    alone = found.filter(pl.col("customer").is_null())
    assert alone["held"].equals(alone["person"])
