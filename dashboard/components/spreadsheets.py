"""Tables for a spreadsheet: UTF-8 with a mark that Excel knows, and no cell that runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import streamlit as st

from dashboard import discretion
from dashboard.i18n import t

# A spreadsheet runs what begins with one of these as a formula; some read the wide forms of East Asia alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def offer(data: Callable[[], bytes], file_name: str, *, help: str | None = None) -> None:
    """The button that downloads what data gives when it is pressed."""
    st.download_button(
        t("Download all as CSV"),
        data=discretion.for_later(data),
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=help,
    )


def as_csv(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """One line a row below a header of the names; instants in UTC as ISO 8601, None as an empty cell."""
    return b"".join(csv_lines(names, rows))


def csv_lines(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> Iterator[bytes]:
    """as_csv(), one line at a time."""
    yield _line(names, "utf-8-sig")
    for row in rows:
        yield _line([_cell(row[name]) for name in names], "utf-8")


def _line(cells: Sequence[str], encoding: str) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerow(cells)
    return file.getvalue().encode(encoding)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat()
        case int() | float() | Decimal():  # a minus before a number begins no formula
            return str(value)
    text = discretion.told(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
