"""Tables for a spreadsheet: UTF-8 with a mark that Excel knows, and no cell that runs as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from dashboard.i18n import t

# A spreadsheet runs what begins with one of these as a formula; some read the wide forms of East Asia alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def offer(data: Callable[[], bytes], file_name: str, *, help: str | None = None) -> None:
    """The button that downloads what data gives when it is pressed."""
    st.download_button(
        t("Download all as CSV"),
        data=data,
        file_name=file_name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        help=help,
    )


def as_csv(names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> bytes:
    """One line a row below a header of the names; instants in UTC as ISO 8601, None as an empty cell."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in names])
    return file.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return value.astimezone(UTC).isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
