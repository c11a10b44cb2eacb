"""Everything of a page that reaches the browser, and what of it is an amount of money."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from threading import Thread
from typing import Any

import psycopg
import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.testing.v1 import AppTest

from tests.access.money_rows import PLANTED, PRICES
from tests.components.drawn import values
from tests.fuzz.shown import messages

DOLLARS = re.compile(r"\$\\?\s?[-+−]?\d")
# Ids are hashes, in which any digits may stand.
UNSEEN = {
    "id",
    "form_id",
    "element_id",
    "page_script_hash",
    "fragment_id",
    "active_script_hash",
    "deferred_file_id",
}
# In every grouping of the ledger that a page may show.
SUMS = """
select sum(cost_usd) from cost_events group by
    grouping sets ((), (job_id), (user_key), (event_id), (job_id, attempt), (job_id, attempt, outcome),
    (date_trunc('day', occurred_at)), (job_id, outcome))
"""
Files = list[Callable[[], bytes]]


class Secrets:
    """The amounts of a deployment, however they are written."""

    def __init__(self, url: str) -> None:
        with psycopg.connect(url) as connection:
            sums = [Decimal(found) for (found,) in connection.execute(SUMS)]
        amounts = {*sums, *(Decimal(str(one)) for one in PLANTED), *map(Decimal, PRICES.values())}
        forms = {
            form for one in amounts for form in (f"{one:f}", f"{one:.2f}", f"{one:,.2f}", f"{float(one):.10g}")
        }
        written = "|".join(sorted(map(re.escape, forms), key=len, reverse=True))
        self._written = re.compile(rf"(?<!\d)(?<!\d\.)(?:{written})")

    def within(self, texts: Iterator[str]) -> list[str]:
        """The texts that hold an amount."""
        return [
            text[max(0, hit.start() - 80) : hit.end() + 40]
            for text in texts
            if (hit := DOLLARS.search(text) or self._written.search(text.replace("\\", "")))
        ]


def everything(at: AppTest, files: Files) -> Iterator[str]:
    """All texts and numbers of the page, of its tables, its figures and the files that it offers."""
    for message in messages(at):
        yield from _told(message)
    for one in at.dataframe:
        frame = one.value
        yield " ".join(map(str, frame.columns))
        yield frame.to_csv()
    for make in files:
        yield _made(make).decode()


def _told(message: Any) -> Iterator[str]:
    for field, value in message.ListFields():
        for one in value if field.is_repeated else (value,):
            if hasattr(one, "ListFields"):
                yield from _told(one)
            elif (message.DESCRIPTOR.name, field.name) == ("PlotlyChart", "spec"):
                yield from _drawn(json.loads(one))
            elif not isinstance(one, bytes) and field.name not in UNSEEN:
                yield str(one)


def _drawn(value: Any) -> Iterator[str]:
    """A figure's texts and numbers, packed ones too."""
    if isinstance(value, dict) and "bdata" in value:
        yield from map(str, values(value))
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _drawn(one)
    else:
        yield str(value)


def _made(make: Callable[[], bytes]) -> bytes:
    """As Streamlit has it made: in a thread that knows of no run and of no person."""
    made: list[bytes] = []
    thread = Thread(target=lambda: made.append(make()))
    thread.start()
    thread.join()
    return made[0]


def gathered(monkeypatch: pytest.MonkeyPatch) -> Files:
    """What makes the files that pages offer from now on; the page's own button is left as it is."""
    files: Files = []
    add = MediaFileManager.add_deferred

    def adding(self: MediaFileManager, make: Callable[[], bytes], *more: Any, **named: Any) -> str:
        files.append(make)
        return add(self, make, *more, **named)

    monkeypatch.setattr(MediaFileManager, "add_deferred", adding)
    return files
