"""Two accounts of the same money: the same names, what differs, and who is in one of them only."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from queries.reconciliation import Agreement, Compared, Place, compare, together

D = Decimal
AGREES, DIFFERS = Agreement.AGREES, Agreement.DIFFERS
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)


def test_names_are_the_same_whatever_their_case_spaces_and_width() -> None:
    ledger = {Place("OpenPainter  One"): D(10), Place("openpainter one "): D(5)}
    (found,) = compare(ledger, {Place("ＯpenPainter One"): D(16)})
    assert found == Compared(Place("OpenPainter One"), (D(15), D(16)))
    assert (found.difference, found.share) == (D(1), D(1) / D(15))


def test_who_is_in_one_account_only_is_listed() -> None:
    found = compare({Place("a"): D(1), Place("b"): D(2)}, {Place("b"): D(3)}, {Place("c"): D(4)})
    assert [(one.place.provider, one.amounts) for one in found] == [
        ("a", (D(1), None, None)),
        ("b", (D(2), D(3), None)),
        ("c", (None, None, D(4))),
    ]
    assert [one.agreement for one in found] == [Agreement.ONLY_FIRST, Agreement.ONLY_FIRST, Agreement.ONLY_LAST]
    assert [(one.difference, one.share) for one in found] == [(D(-1), D(-1)), (D(-2), D(-1)), (D(4), None)]


def test_months_come_in_their_order() -> None:
    found = compare({Place("b", NOVEMBER): D(1), Place("a", NOVEMBER): D(1)}, {Place("c", OCTOBER): D(1)})
    assert [one.place for one in found] == [Place("c", OCTOBER), Place("a", NOVEMBER), Place("b", NOVEMBER)]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("100", "102", AGREES), ("100", "98", AGREES), ("100", "102.0001", DIFFERS), ("100", "97.99", DIFFERS),
        ("0", "0.05", AGREES), ("0", "0.06", DIFFERS), ("1", "1.05", AGREES), ("-100", "-102", AGREES),
        (None, "0", AGREES), (None, "0.06", Agreement.ONLY_LAST), ("0.05", None, AGREES),
        ("0.06", None, Agreement.ONLY_FIRST), ("0", "-9", DIFFERS),
    ],
)  # fmt: skip
def test_two_per_cent_or_five_cents_are_borne(first: str | None, last: str | None, expected: Agreement) -> None:
    amounts = tuple(None if usd is None else D(usd) for usd in (first, last))
    assert Compared(Place("a"), amounts).agreement is expected


def test_sums_keep_every_amount() -> None:
    accounts = ({Place("a", OCTOBER): D("0.1"), Place("b", OCTOBER): D("0.2")}, {Place("A", NOVEMBER): D("0.3")})
    found = compare(*accounts)
    for at, account in enumerate(accounts):
        assert sum(one.amounts[at] or 0 for one in found) == sum(account.values())
    assert together(accounts[0]) == {Place("", OCTOBER): D("0.3")}
