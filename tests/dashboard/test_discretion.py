"""Texts of others without amounts, whatever stands around them; outside of the server everything is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import discretion
from dashboard.components.formatting import money, plain
from dashboard.discretion import HIDDEN


@pytest.fixture
def hidden() -> Iterator[None]:
    with discretion._carrying(shown=False):
        yield


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("we are at $1,234.56 already", f"we are at {HIDDEN} already"),
        ("over US$5, of $ 7.", f"over {HIDDEN}, of {HIDDEN}."),
        (
            "12.5 USD, USD 3, 4 dollars, 5 US dollars, 6달러를",
            f"{HIDDEN}, {HIDDEN}, {HIDDEN}, {HIDDEN}, {HIDDEN}를",
        ),
        ("-$5 and $-5", f"-{HIDDEN} and {HIDDEN}"),
        ("status:failed cost:>0.2,<=1", f"status:failed cost:>{HIDDEN},<=1"),
        ("cost_usd=1.25 limit_usd: 3e2", f"cost_usd={HIDDEN} limit_usd: {HIDDEN}"),
        ("3 jobs of 20 at 12:30 on 2026-11-30", "3 jobs of 20 at 12:30 on 2026-11-30"),
        ("$HOME and $x", "$HOME and $x"),
    ],
)
def test_amounts_in_texts(text: str, told: str) -> None:
    assert discretion.told(text) == told
    assert HIDDEN in plain(text) or told == text


@pytest.mark.usefixtures("hidden")
def test_every_number_of_a_limit_on_money() -> None:
    assert discretion.told("is 300 until 2026-11-30T02:14", of_money=True) == f"is {HIDDEN} until {HIDDEN}"


@pytest.mark.usefixtures("hidden")
def test_documents() -> None:
    document = {"status": "x", "cost_usd_spent": 1.25, "n": 3, "nested": {"usd": ["2.5", None, True]}, "why": "$3"}
    assert json.loads(discretion.document(json.dumps(document))) == {
        "status": "x", "cost_usd_spent": HIDDEN, "n": 3, "nested": {"usd": [HIDDEN, None, True]}, "why": HIDDEN,
    }  # fmt: skip
    assert discretion.document('{"value": "300"}', of_money=True) == f'{{"value": "{HIDDEN}"}}'
    assert discretion.document("no JSON $5") == HIDDEN


@pytest.mark.usefixtures("hidden")
def test_expressions() -> None:
    assert discretion.expression("sum(cost_usd_total) > 8642") == f"sum(cost_usd_total) > {HIDDEN}"
    assert discretion.expression("8642 < sum(cost_usd_total[5m])") == f"{HIDDEN} < sum(cost_usd_total[5m])"
    assert discretion.expression("jobs > 5") == "jobs > 5"


@given(st.text(), st.integers(0, 10**9), st.text())
def test_no_dollars_are_left(before: str, number: int, after: str) -> None:
    with discretion._carrying(shown=False):
        told = discretion.told(f"{before}${number}{after}")
    assert f"${number}" not in told or f"${number}" in before + after


@pytest.mark.usefixtures("hidden")
def test_an_amount_of_ours() -> None:
    assert [money(Decimal(usd)) for usd in ("5", "0", "0.001")] == [HIDDEN] * 3
    assert money(None) == "–"


def test_outside_of_the_server_all_is_told() -> None:
    assert discretion.money_shown()
    assert discretion.told("$5") == "$5"
    assert discretion.document('{"usd":  5}') == '{"usd":  5}'
    assert discretion.rows([{"a": "$5"}]) == [{"a": "$5"}]


def test_what_is_made_later_is_made_for_the_same_person() -> None:
    with discretion._carrying(shown=False):
        later = discretion.for_later(lambda: money(None) + discretion.told("$5"))
        with discretion.settled():
            assert not discretion.money_shown()
    assert discretion.money_shown()
    assert later() == f"–{HIDDEN}"
