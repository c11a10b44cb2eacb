"""What a week's report says: kept and read back unchanged, the same file each time, and safe to forward."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from dashboard.report import page, table, verdicts
from dashboard.report.errors import NotAWeek, NumbersUnreadable
from dashboard.report.numbers import document, recalled
from dashboard.report.weeks import Week, last_closed
from queries.days import midnight
from queries.models import MoneySource
from queries.rollups import CLOSED_AFTER
from tests.dashboard.conftest import Configure
from tests.dashboard.report_numbers import BEFORE, HOSTILE, HOSTILE_PROVIDER, THIS, edition, numbers

UNKNOWN = {
    "forecast": None,
    "change": None,
    "users": None,
    "jobs": (),
    "waste_codes": (),
    "judged": (),
    "days": (),
}


@pytest.fixture(autouse=True)
def settled(configure: Configure) -> None:
    configure(database_url="postgresql://reader@db/books")


class Page(HTMLParser):
    """The page's text, its tags, and what it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loaded: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loaded += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "srcset"}]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_numbers_are_kept_without_loss() -> None:
    for made in (numbers(), numbers(source=MoneySource.NONE, **UNKNOWN)):
        kept = json.loads(json.dumps(document(made)))
        assert recalled(kept, made.week) == made
    assert document(numbers())["this"]["usd"] == "420.123456789"
    kept = {**document(numbers()), "budget": "much"}
    with pytest.raises(NumbersUnreadable, match=r"2026-W47 .*budget.* --anew"):
        recalled(kept, "2026-W47")


def test_the_same_numbers_make_the_same_files() -> None:
    made = edition()
    again = edition()
    assert page.html(made) == page.html(again)
    assert table.csv(made) == table.csv(again)


def test_a_page_asks_nobody_and_believes_no_name() -> None:
    html = page.html(edition(), "https://ops.example")
    seen = Page(html)
    assert seen.tags.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert [one for one in seen.loaded if not one.startswith("#")] == ["https://ops.example"]
    assert all(one.startswith("data:font/woff2;base64,") for one in re.findall(r"url\((?!#)([^)]*)\)", html))
    assert "@import" not in html
    assert HOSTILE in seen.text
    assert HOSTILE_PROVIDER in seen.text
    assert "\u202e" not in html


def test_a_page_tells_what_it_is_and_what_its_numbers_are() -> None:
    text = Page(page.html(edition())).text.replace("\N{NO-BREAK SPACE}", " ")
    for told in (
        *("Week 47 of 2026", "Mon, Nov 16 – Sun, Nov 22, 2026", "days of Asia/Seoul"),
        "The week cost $420.12. That is $70.02 (20 %) more than the week before ($350.10).",
        "802 books were finished at $0.524 each, of which $0.474 went into the book.",
        "It is expected to end at $1,281, in 4 of 5 cases between $1,217 and $1,353.",
        "$36.50 (8.7 %) bought nothing.",
        "Thu, Nov 19 cost $61.50, where a Thursday usually costs $30.00.",
        "1 day cost more than the daily warning of $60.",
        "14 calls have no price:",
        "fixed on 2026-11-23 06:00 UTC; later reports of this week repeat them.",
    ):
        assert told in text
    assert "estimated" not in text
    assert "Unfinished" not in text


def test_what_is_shown_of_the_change_adds_up() -> None:
    html = page.html(edition())
    part = html[html.index("Why it changed") : html.index("What bought nothing")]
    *parts, difference = [
        Decimal(row[-1].replace("−", "-").replace("$", ""))
        for row in (re.findall(r">([+−]?\$[\d.]+)<", line) for line in part.split("<tr"))
        if row
    ]
    assert sum(parts) == difference == Decimal("70.02")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"finished": False}, "Unfinished: the week goes on."),
        ({"source": MoneySource.ESTIMATED}, "All dollars are estimated from the price list"),
        ({"source": MoneySource.ESTIMATED}, "The week cost about $420.12."),
        ({"this": BEFORE, "budget": Decimal(900)}, "November has passed its budget of $900: $960.99 are spent."),
    ],
)
def test_what_a_reader_has_to_know_comes_first(changes: dict[str, object], told: str) -> None:
    assert told in Page(page.html(edition(**changes))).text


def test_without_a_source_of_money_no_dollar_is_told() -> None:
    unknown = replace(THIS, usd=None, loaded=None, direct=None, waste_share=None)
    made = edition(source=MoneySource.NONE, this=unknown, before=unknown, **UNKNOWN)
    text = Page(page.html(made)).text
    assert "What the week cost is not known." in text
    assert "802 books were finished." in text
    assert "$" not in text
    assert {row["value"] for row in rows(table.csv(made)) if row["name"] == "usd"} == {""}


def test_a_table_for_spreadsheets_is_exact_and_names_each_source() -> None:
    found = rows(table.csv(edition()))
    assert list(found[0]) == ["section", "name", "unit", "value", "source"]
    assert all(row["source"] for row in found)
    value = {(row["section"], row["name"]): row["value"] for row in found}
    assert value["week", "usd"] == "420.123456789"
    assert value["week", "done"] == "802"
    assert value["report", "numbers made at"] == "2026-11-23T06:00:12.345678+00:00"
    changed = sum(Decimal(row["value"]) for row in found if row["section"] == "change")
    assert changed == Decimal("420.123456789") - Decimal("350.1")
    assert sum(Decimal(row["value"]) for row in found if row["section"] == "users") == Decimal("420.123456789")


def test_sentences_are_plain_text() -> None:
    told = [sentence.line for sentence in verdicts.sentences(numbers())]
    assert all(line and "**" not in line and "\\" not in line for line in told)


def test_weeks_are_those_of_the_calendar() -> None:
    week = Week.parsed("2026-W53", date(2027, 1, 20))
    assert (week.first, week.last, week.name) == (date(2026, 12, 28), date(2027, 1, 3), "2026-W53")
    assert Week.parsed(" 2027w01 ", date(2027, 1, 20)).before == week
    for text in ("2027-W53", "2026-W00", "2026-W5", "47", "", "2026-W47-1", "0001-W01", "9999-W52", "٢٠٢٦-W47"):
        with pytest.raises(NotAWeek, match=r"write a year and its ISO week, such as 2027-W02\."):
            Week.parsed(text, date(2027, 1, 20))


def test_a_week_is_closed_when_its_last_rows_are_there() -> None:
    over = midnight(date(2026, 11, 23), "Asia/Seoul")
    week = Week(date(2026, 11, 16))
    assert last_closed("Asia/Seoul", over) == week.before
    assert last_closed("Asia/Seoul", over + CLOSED_AFTER) == week
    assert last_closed("UTC", over + CLOSED_AFTER) == week.before
