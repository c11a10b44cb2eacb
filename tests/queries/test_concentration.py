"""Concentration by hand-counted cases."""

from __future__ import annotations

from decimal import Decimal

import pytest

from queries import concentration


def test_equal_shares_count_as_many_users_as_there_are() -> None:
    assert concentration.hhi([7] * 4) == pytest.approx(0.25)
    assert concentration.effective([7] * 4) == pytest.approx(4)


def test_one_who_has_all() -> None:
    assert concentration.hhi([0, 12, 0]) == 1
    assert concentration.effective([0, 12, 0]) == 1


def test_uneven_shares() -> None:
    # 0.5² + 0.3² + 0.2² = 0.38
    assert concentration.hhi([50, 30, 20]) == pytest.approx(0.38)
    assert concentration.effective([Decimal("0.50"), Decimal("0.30"), Decimal("0.20")]) == pytest.approx(1 / 0.38)


@pytest.mark.parametrize("amounts", [[], [0], [0, 0], [Decimal(0)]])
def test_nothing_is_shared_out(amounts: list[int]) -> None:
    assert concentration.hhi(amounts) is None
    assert concentration.effective(amounts) is None
    assert concentration.most_of(amounts, 0.5) is None


def test_a_negative_amount_has_no_share() -> None:
    with pytest.raises(ValueError, match="negative"):
        concentration.hhi([3, -1])


def test_shares_add_up_in_the_order_given() -> None:
    assert concentration.cumulative([5, 3, 2], 10) == pytest.approx((0.5, 0.8, 1.0))
    assert concentration.cumulative([5, 3], 20) == pytest.approx((0.25, 0.4))
    assert concentration.cumulative([0, 0], 0) == (None, None)
    assert concentration.cumulative([], 10) == ()


@pytest.mark.parametrize(("share", "users"), [(0.5, 1), (0.51, 2), (0.8, 2), (0.81, 3), (1.0, 4)])
def test_how_few_have_a_share(share: float, users: int) -> None:
    assert concentration.most_of([1, 5, 3, 1], share) == users
