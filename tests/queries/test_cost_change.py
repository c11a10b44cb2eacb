"""The parts of a change add up exactly, whatever changed, and each is its mean over all orders of change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from queries import cost_change
from queries.cost_change import CENT, EXACTNESS, Change, Effect, Segment, Spending, adding_up, explain, rounded
from queries.cost_models import CostDay, CostPart, CostTally, Fate

IMAGES, TEXT = ("picture-one", "image"), ("word-one", "llm")
USD = st.integers(0, 10**13).map(lambda number: number * EXACTNESS)
CALLS = st.integers(0, 400).map(lambda number: Decimal(number) / 4)
TALLIES = st.builds(CostTally, calls=CALLS, unpriced=st.integers(0, 40), usd=USD)
SEGMENTS = st.tuples(st.sampled_from(["picture-one", "word-one", ""]), st.sampled_from(["image", "llm"]))
SPENDINGS = st.builds(Spending, st.integers(0, 50), st.dictionaries(SEGMENTS, TALLIES, max_size=5))


def spending(jobs: int, **segments: tuple[int, str]) -> Spending:
    """images and text as (calls, USD)."""
    names: Mapping[str, Segment] = {"images": IMAGES, "text": TEXT}
    found = {names[name]: CostTally(Decimal(calls), usd=Decimal(usd)) for name, (calls, usd) in segments.items()}
    return Spending(jobs, found)


def parts(change: Change) -> list[Decimal]:
    each = [amount for one in change.effects for amount in (one.calls_usd, one.price_usd)]
    return [change.jobs_usd, *each, change.other_usd]


def in_all_orders(before: list[Fraction], after: list[Fraction]) -> list[Fraction]:
    """What each factor did when one after the other changed, on average of the orders."""
    found = [Fraction(0)] * 3
    for order in permutations(range(3)):
        now = list(before)
        for place in order:
            was = now[0] * now[1] * now[2]
            now[place] = after[place]
            found[place] += (now[0] * now[1] * now[2] - was) / 6
    return found


@given(SPENDINGS, SPENDINGS)
def test_the_parts_are_the_change_exactly(before: Spending, after: Spending) -> None:
    change = explain(before, after)
    assert (change.before_usd, change.after_usd) == (before.usd, after.usd)
    assert sum(map(Fraction, parts(change))) == Fraction(after.usd) - Fraction(before.usd)
    assert {(one.provider, one.kind) for one in change.effects} == before.segments.keys() | after.segments.keys()


@given(SPENDINGS, SPENDINGS)
def test_the_way_back_undoes_every_part(before: Spending, after: Spending) -> None:
    there, back = explain(before, after), explain(after, before)
    assert abs(there.jobs_usd + back.jobs_usd) <= EXACTNESS
    assert abs(there.other_usd + back.other_usd) <= EXACTNESS
    returned = {(one.provider, one.kind): one for one in back.effects}
    for one in there.effects:
        again = returned[one.provider, one.kind]
        assert abs(one.calls_usd + again.calls_usd) <= EXACTNESS
        assert abs(one.price_usd + again.price_usd) <= EXACTNESS


@given(SPENDINGS)
def test_nothing_changed_where_nothing_did(before: Spending) -> None:
    assert set(parts(explain(before, before))) == {Decimal(0)}


POSITIVE = st.integers(1, 400)


@given(st.tuples(POSITIVE, POSITIVE, POSITIVE), st.tuples(POSITIVE, POSITIVE, POSITIVE))
def test_a_part_is_its_mean_over_all_orders(before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
    def one(jobs: int, calls: int, cents: int) -> Spending:
        return spending(jobs, images=(calls * jobs, str(cents * CENT * calls * jobs)))

    change = explain(one(*before), one(*after))
    [effect] = change.effects
    factors = [[Fraction(jobs), Fraction(calls), Fraction(cents, 100)] for jobs, calls, cents in (before, after)]
    expected = in_all_orders(*factors)
    found = (change.jobs_usd, effect.calls_usd, effect.price_usd)
    for amount, mean in zip(found, expected, strict=True):
        assert abs(Fraction(amount) - mean) < Fraction(EXACTNESS)
    assert change.other_usd == 0


def test_by_hand_twice_the_books_at_half_the_price() -> None:
    change = explain(spending(10, images=(100, "4")), spending(20, images=(200, "4")))
    # Books alone: 4 more at the old price, 2 more at the new one; the price alone: 2 less, or 4 less.
    assert change == Change(
        Decimal(4), Decimal(4), Decimal(3), (Effect(*IMAGES, Decimal(0), Decimal(-3)),), Decimal(0)
    )


def test_what_is_new_is_more_calls_and_what_is_gone_is_fewer() -> None:
    change = explain(spending(10, text=(40, "2")), spending(10, images=(100, "4")))
    expected = (
        Effect(*IMAGES, Decimal(4), Decimal(0)),
        Effect(*TEXT, Decimal(-2), Decimal(0)),
    )
    assert (change.effects, change.jobs_usd, change.other_usd) == (expected, Decimal(0), Decimal(0))


def test_a_first_week_with_jobs_is_all_more_jobs() -> None:
    change = explain(Spending(0, {}), spending(10, images=(100, "4"), text=(40, "2")))
    assert change.jobs_usd == change.usd == 6
    assert parts(change).count(Decimal(0)) == 5


def test_money_without_jobs_or_without_calls_is_told_apart() -> None:
    late = spending(0, images=(3, "0.12"))
    assert explain(late, spending(10, images=(100, "4"))).other_usd == Decimal("-0.12")
    assert explain(late, late).other_usd == 0
    uncalled = explain(spending(10, text=(40, "2")), spending(10, text=(40, "2"), images=(0, "1.5")))
    assert uncalled.other_usd == uncalled.usd == Decimal("1.5")


def test_calls_without_a_price_make_none_cheaper() -> None:
    before = spending(10, images=(100, "4"))
    tally = CostTally(Decimal(120), unpriced=20, usd=Decimal(4))
    after = replace(before, segments={IMAGES: tally})
    assert set(parts(explain(before, after))) == {Decimal(0)}
    assert after.price_per_call(IMAGES) == Fraction(1, 25)
    assert after.calls_per_job(IMAGES) == 10


@given(SPENDINGS, SPENDINGS, st.sampled_from([CENT, Decimal("0.001"), Decimal(1)]))
def test_what_is_shown_adds_up_and_is_close(before: Spending, after: Spending, unit: Decimal) -> None:
    change = explain(before, after)
    shown = rounded(change, unit)
    assert sum(parts(shown), Decimal(0)) == shown.after_usd - shown.before_usd
    assert abs(shown.before_usd - change.before_usd) <= unit / 2
    exact = {(one.provider, one.kind): one for one in change.effects}
    for one in shown.effects:
        own = exact[one.provider, one.kind]
        assert abs(one.calls_usd - own.calls_usd) <= unit
        assert abs(one.price_usd - own.price_usd) <= unit
    assert all(amount % unit == 0 for amount in parts(shown))


@given(st.lists(st.fractions(-50, 50, max_denominator=10**6), min_size=1, max_size=12))
def test_amounts_in_units_have_the_sum_that_is_asked_for(amounts: list[Fraction]) -> None:
    total = Decimal(round(sum(amounts, Fraction(0)) * 100)) / 100
    found = adding_up(amounts, total, CENT)
    assert sum(found) == total
    assert all(
        abs(Fraction(shown) - amount) < Fraction(CENT) for shown, amount in zip(found, amounts, strict=True)
    )


def test_the_largest_remainders_are_rounded_up_and_whole_amounts_stay() -> None:
    amounts = [Decimal("0.014"), Decimal("0.018"), Decimal("0.05"), Decimal("0.018")]
    assert adding_up(amounts, Decimal("0.10"), CENT) == tuple(map(Decimal, ("0.01", "0.02", "0.05", "0.02")))


def test_a_total_that_was_rounded_by_itself_is_met_from_whole_amounts() -> None:
    assert sum(adding_up([CENT, CENT], Decimal("0.03"), CENT)) == Decimal("0.03")
    assert sum(adding_up([CENT, CENT], CENT, CENT)) == CENT


def test_days_are_summed_by_provider_and_kind() -> None:
    def day(fate: Fate, calls: int, usd: str, provider: str = "picture-one") -> CostDay:
        part = CostPart(provider, "image", "generate_images", fate)
        return CostDay(date(2026, 11, 20), part, CostTally(Decimal(calls), usd=Decimal(usd)))

    found = cost_change.of([day(Fate.USED, 3, "0.12"), day(Fate.AGAIN, 1, "0.04"), day(Fate.USED, 2, "1", "")], 7)
    assert found.jobs == 7
    assert found.segments == {
        IMAGES: CostTally(Decimal(4), usd=Decimal("0.16")),
        ("", "image"): CostTally(Decimal(2), usd=Decimal(1)),
    }
