"""Whether whoever looks may see amounts of money, and texts without them: the one seam for the setting."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from actions.permissions import OF_MONEY, PAGE, Role
from dashboard import auth, settings
from queries.errors import OpsError

T = TypeVar("T")

# What stands in the place of an amount; the sidebar says what it means.
HIDDEN = "•••"
# What may not stand before the colon in a search: by it an amount is found by halving.
_QUALIFIERS = frozenset({"cost"})
_NUMBER = r"[-+−]?\d(?:[\d.,]{0,30}\d)?(?:e[-+]?\d{1,3})?"
_AMOUNT = re.compile(
    rf"(?:US)?[$＄]\s?{_NUMBER}|\bUSD\s?{_NUMBER}|{_NUMBER}\s?(?:(?:USD|(?:US )?dollars?)\b|달러)",
    re.IGNORECASE,
)
# A name that tells of money, and its number: "cost_usd_spent": 1.25, limit_usd=300, cost:>0.2.
_NAMED = re.compile(rf'(\w{{0,40}}(?:usd|cost)\w{{0,40}}"?\s?[:=]\s?"?(?:[<>]=?|=)?\s?){_NUMBER}', re.IGNORECASE)
_ANY = re.compile(r"\d[\d.,:T+-]*")
_COMPARED = re.compile(rf"([<>=]=?\s*(?:bool\s+)?){_NUMBER}|{_NUMBER}(?=\s*(?:[<>]|[=!]=))")
_OF_MONEY = re.compile("usd|cost", re.IGNORECASE)
_NUMERIC = re.compile(_NUMBER, re.IGNORECASE)
_carried: ContextVar[bool | None] = ContextVar("money_shown", default=None)


def money_shown() -> bool:
    """Whether amounts of money may be shown now: to the person of this run; to all outside of the server.

    Asked anew each time, since a run, a live part and a download each begin with a context of their own.
    """
    carried = _carried.get()
    if carried is not None:
        return carried
    in_a_run = get_script_run_ctx(suppress_warning=True) is not None
    if not in_a_run and not runtime.exists():
        return True
    try:
        return settings.load().money_from is Role.VIEWER or (in_a_run and auth.sees_money())
    except OpsError:  # nobody is here, so nobody may see them
        return False


def for_later(make: Callable[[], T]) -> Callable[[], T]:
    """The same, for when it is called outside of the run, as a download is: with what this person may see now."""
    shown = money_shown()

    def later() -> T:
        with _carrying(shown=shown):
            return make()

    return later


@contextmanager
def settled() -> Iterator[None]:
    """Within it the answer is found once: a table has many cells."""
    with _carrying(shown=money_shown()):
        yield


@contextmanager
def _carrying(*, shown: bool) -> Iterator[None]:
    token = _carried.set(shown)
    try:
        yield
    finally:
        _carried.reset(token)


def opens(page: str) -> bool:
    """Whether pages/<page>.py is not closed to this person for the money on it."""
    return PAGE + page not in OF_MONEY or money_shown()


def withheld() -> frozenset[str]:
    """The names that this person may not search by."""
    return frozenset() if money_shown() else _QUALIFIERS


def told(text: str, *, of_money: bool = False) -> str:
    """Foreign text without amounts; of_money: about a limit on money, so that each of its numbers may be one."""
    if money_shown():
        return text
    masked = _masked(text)
    return _ANY.sub(HIDDEN, masked) if of_money else masked


def rows(table: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A table's rows, their texts without amounts."""
    if money_shown():
        return [dict(row) for row in table]
    return [{name: _masked(one) if isinstance(one, str) else one for name, one in row.items()} for row in table]


def _masked(text: str) -> str:
    return _NAMED.sub(rf"\1{HIDDEN}", _AMOUNT.sub(HIDDEN, text))


def expression(text: str) -> str:
    """PromQL without the amounts that money is compared with."""
    if money_shown() or not _OF_MONEY.search(text):
        return text
    return _COMPARED.sub(lambda found: f"{found[1] or ''}{HIDDEN}", text)


def document(text: str, *, of_money: bool = False) -> str:
    """JSON without amounts, also within its texts; as it was written for whoever may see them."""
    if money_shown():
        return text
    try:
        return json.dumps(_without(json.loads(text), of_money), ensure_ascii=False)
    except ValueError:
        return HIDDEN


def _without(value: Any, of_money: bool) -> Any:
    match value:
        case dict():
            return {name: _without(one, of_money or bool(_OF_MONEY.search(name))) for name, one in value.items()}
        case list():
            return [_without(one, of_money) for one in value]
        case bool() | None:
            return value
        case int() | float():
            return HIDDEN if of_money else value
        case str():
            return HIDDEN if of_money and _NUMERIC.fullmatch(value) else _masked(value)
    return value
