"""What one book costs, and the gap between all that was spent and what is in finished books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from queries import waste
from queries.cost_models import WASTED, CostDay, CostPart, CostTally, Fate
from queries.unit_costs import unit_costs
from queries.waste import Waste

USD = st.integers(0, 10**12).map(lambda number: Decimal(number).scaleb(-9))
PARTS = st.builds(
    CostPart,
    provider=st.sampled_from(["picture-one", "word-one", ""]),
    kind=st.sampled_from(["image", "llm"]),
    step=st.sampled_from(["generate_images", ""]),
    fate=st.sampled_from(Fate),
    error_code=st.sampled_from(["IMAGE_FAILED", "SAFETY_INPUT", ""]),
)
TALLIES = st.builds(CostTally, calls=st.integers(0, 9).map(Decimal), unpriced=st.integers(0, 3), usd=USD)
DAYS = st.lists(st.builds(CostDay, st.just(date(2026, 11, 20)), PARTS, TALLIES), max_size=12)


def day(fate: Fate, usd: str, *, code: str = "", provider: str = "picture-one", calls: int = 1) -> CostDay:
    part = CostPart(provider, "image", "generate_images", fate, code)
    return CostDay(date(2026, 11, 20), part, CostTally(Decimal(calls), usd=Decimal(usd)))


@given(DAYS, st.integers(0, 50))
def test_every_dollar_is_in_one_place(days: list[CostDay], done: int) -> None:
    found = unit_costs(days, done)
    assert found.usd == sum((one.tally.usd for one in days), Decimal(0))
    apart = [found.direct_usd, *found.wasted.values(), found.open_usd, found.unallocated_usd]
    assert sum(apart) == found.usd
    assert found.wasted.keys() <= WASTED
    assert found.unpriced == sum(one.tally.unpriced for one in days)
    assert (found.loaded is None) == (found.direct is None) == (found.gap is None) == (done == 0)


@given(DAYS)
def test_all_waste_is_in_every_table_of_it(days: list[CostDay]) -> None:
    wasted = sum(unit_costs(days, 1).wasted.values(), Decimal(0))
    assert waste.wasted(days).usd == wasted
    for table in (waste.by_code(days), waste.by_provider(days), waste.by_step(days)):
        assert sum((one.usd for one in table), Decimal(0)) == wasted
        assert sum((one.calls for one in table), Decimal(0)) == waste.wasted(days).calls
        assert [one.usd for one in table] == sorted((one.usd for one in table), reverse=True)


def test_a_book_costs_what_is_in_it_and_what_is_not() -> None:
    days = [
        day(Fate.USED, "1.21"),
        day(Fate.FAILED, "0.10", code="IMAGE_FAILED"),
        day(Fate.REFUSED, "0.05", code="SAFETY_INPUT"),
        day(Fate.OPEN, "0.04"),
        day(Fate.UNALLOCATED, "0.02"),
    ]
    found = unit_costs(days, 10)
    assert (found.loaded, found.direct, found.gap) == (Decimal("0.142"), Decimal("0.121"), Decimal("0.021"))
    assert found.wasted == {Fate.FAILED: Decimal("0.10"), Fate.REFUSED: Decimal("0.05")}


def test_codes_and_what_has_none_are_told_apart() -> None:
    days = [
        day(Fate.FAILED, "0.30", code="IMAGE_FAILED", calls=3),
        day(Fate.FAILED, "0.10", code="IMAGE_FAILED", provider="word-one"),
        day(Fate.FAILED, "0.05"),
        day(Fate.AGAIN, "0.20"),
        day(Fate.USED, "9"),
    ]
    assert waste.by_code(days) == (
        Waste("IMAGE_FAILED", Decimal("0.40"), Decimal(4), Fate.FAILED),
        Waste("", Decimal("0.20"), Decimal(1), Fate.AGAIN),
        Waste("", Decimal("0.05"), Decimal(1), Fate.FAILED),
    )
    assert waste.by_provider(days) == (
        Waste("picture-one", Decimal("0.55"), Decimal(5)),
        Waste("word-one", Decimal("0.10"), Decimal(1)),
    )
    assert waste.by_step(days) == (Waste("generate_images", Decimal("0.65"), Decimal(6)),)


def test_the_share_of_nothing_is_unknown() -> None:
    assert waste.share([]) is None
    assert waste.share([day(Fate.USED, "3"), day(Fate.CANCELLED, "1")]) == 0.25
