"""Months and amounts in the ways in which invoices write them; what may mean two things means nothing."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

_YEARS, _MONTHS = range(2000, 2100), range(1, 13)
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})")
_MONTH_FIRST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{4})")
_NAMED = re.compile(r"([a-z]+)\.?[ -]([0-9]{4})")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ t][0-9:.]+(?:z|[+-][0-9:]+)?)?")
_NAMES = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        start=1,
    )
    for name in names
}

_AMOUNT = re.compile(r"(?P<sign>-?) ?(?:us)?\$? ?(?P<minus>-?)(?P<digits>[0-9][0-9.,' ]*)")
# No more digits than money may have.
_WHOLE, _DECIMALS = "[0-9]{1,15}", "[0-9]{1,12}"
_POINT = re.compile(rf"(?:{_WHOLE}|[1-9][0-9]{{0,2}}(?:[,' ][0-9]{{3}}){{1,4}})(?:\.(?:{_DECIMALS})?)?")
_COMMA = re.compile(rf"(?:{_WHOLE}|[1-9][0-9]{{0,2}}(?:[.' ][0-9]{{3}}){{1,4}})(?:,{_DECIMALS})?")
# Other spaces, apostrophes and minus signs that programs put between digits or before them.
_PLAIN = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "−": "-"})


def month(text: str) -> date | None:
    """The first day of the month: of 2026-11, 2026/11, 11/2026, Nov 2026, or of a day such as 2026-11-05.

    None for all else: whether 05/11/2026 is in May, nobody knows.
    """
    written = " ".join(text.lower().split())
    if found := _DAY.fullmatch(written):
        return _first(found[1][:4], found[1][5:7]) if _is_day(found[1]) else None
    if found := _YEAR_FIRST.fullmatch(written):
        return _first(found[1], found[2])
    if found := _MONTH_FIRST.fullmatch(written):
        return _first(found[2], found[1])
    found = _NAMED.fullmatch(written)
    return _first(found[2], str(_NAMES.get(found[1], 0))) if found else None


def usd(text: str, *, comma: bool = False) -> Decimal | None:
    """An amount with or without a dollar sign and marks between thousands; in parentheses it is negative.

    comma: whether a comma may stand before the decimals. Then 1,234 and 1.234 may each mean two things. None where
    the text does, and where it is no amount.
    """
    written = " ".join(text.translate(_PLAIN).lower().split())
    written = written.removeprefix("usd").removesuffix("usd").strip()
    credit = written.startswith("(") and written.endswith(")")
    found = _AMOUNT.fullmatch(written[1:-1].strip() if credit else written)
    if found is None or credit + bool(found["sign"]) + bool(found["minus"]) > 1:
        return None
    value = _number(found["digits"], comma=comma)
    if value is None:
        return None
    return -value if credit or found["sign"] or found["minus"] else value


def _number(digits: str, *, comma: bool) -> Decimal | None:
    readings: set[Decimal] = set()
    if _POINT.fullmatch(digits):
        readings.add(Decimal(re.sub("[,' ]", "", digits)))
    if comma and _COMMA.fullmatch(digits):
        readings.add(Decimal(re.sub("[.' ]", "", digits).replace(",", ".")))
    return readings.pop() if len(readings) == 1 else None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _first(year: str, number: str) -> date | None:
    return date(int(year), int(number), 1) if int(year) in _YEARS and int(number) in _MONTHS else None
