import pytest

from campaigns.errors import InputError
from campaigns.simulator import Scenario
from campaigns.simulator.fate import PERSON_FATES, REQUEST_FATES, Fates, Order

PEOPLE = [str(178_000_000_000 + number) for number in range(20_000)]


@pytest.mark.parametrize("fate", PERSON_FATES)
def test_a_share_of_people_is_met_within_a_per_cent_and_never_changes(fate):
    scenario = Scenario(seed=5, **{fate: 0.2})
    fates, again = Fates(scenario), Fates(scenario)
    met = [person for person in PEOPLE if fates.of(person).code == fate]
    assert len(met) / len(PEOPLE) == pytest.approx(0.2, abs=0.01)
    assert all(again.of(person, attempt=7).code == fate for person in met[:100])


@pytest.mark.parametrize("fate", REQUEST_FATES)
def test_a_share_of_requests_is_met_and_a_second_try_throws_anew(fate):
    fates = Fates(Scenario(seed=5, **{fate: 0.1}))
    first = {person for person in PEOPLE if fates.of(person, 1).code}
    second = {person for person in PEOPLE if fates.of(person, 2).code}
    assert len(first) / len(PEOPLE) == pytest.approx(0.1, abs=0.01)
    assert len(first & second) / len(PEOPLE) == pytest.approx(0.01, abs=0.005)


def test_another_seed_is_another_crowd_and_another_share_leaves_a_fate_alone():
    closed = {
        seed: {p for p in PEOPLE if Fates(Scenario(seed=seed, window_closed=0.1)).person(p).code} for seed in (1, 2)
    }
    assert closed[1] != closed[2]
    also_later = Fates(Scenario(seed=1, window_closed=0.1, try_later=0.3))
    assert closed[1] == {person for person in PEOPLE if also_later.person(person).code == "window_closed"}


def test_half_of_try_later_goes_out_all_the_same():
    fates = Fates(Scenario(try_later=1))
    assert sum(fates.of(person).after for person in PEOPLE) / len(PEOPLE) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("ok", Order()),
        ("10-2534022", Order("10-2534022")),
        ("613@2.5", Order("613", wait=2.5)),
        ("500-after", Order("500", after=True)),
        ("500-before", Order("500")),
        ("drop-reply", Order("drop-reply", after=True)),
        ("drop-request", Order("drop-request")),
        ("1-1357046", Order("1-1357046", after=True)),
        ("2-after", Order("2", after=True)),
        (" IG_RATE_LIMITED@1 ", Order("IG_RATE_LIMITED", wait=1.0)),
    ],
)
def test_an_order_is_read(text, order):
    assert Order.parse(text) == order


@pytest.mark.parametrize("text", ["", "613@soon", "-after"])
def test_a_senseless_order_is_refused(text):
    with pytest.raises(InputError):
        Order.parse(text)


def test_orders_follow_one_another_and_the_last_one_stays():
    fates = Fates(Scenario(codes={"7": "drop-request,613@1,ok"}))
    assert [fates.of("7", attempt).code for attempt in (1, 2, 3, 4)] == ["drop-request", "613", "", ""]
