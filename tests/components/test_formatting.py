"""Numbers, money, times and foreign text as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dashboard.components.formatting import (
    NOTHING_AT_ALL,
    Zone,
    ago,
    clock,
    count,
    duration,
    exact,
    money,
    percent,
    plain,
)

BERLIN = Zone("Europe/Berlin", ZoneInfo("Europe/Berlin"))
SEOUL = Zone("Asia/Seoul", ZoneInfo("Asia/Seoul"))
NOW = datetime(2026, 11, 23, 0, 13, tzinfo=UTC)
MARKDOWN = "\\`*_{}[]()<>#+-.!|~:$&"


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize(
    ("usd", "said"),
    [
        (None, "–"),
        ("0", "$0.00"),
        ("0.000000001", "< $0.01"),
        ("0.004", "< $0.01"),
        ("0.00999", "< $0.01"),
        ("0.01", "$0.01"),
        ("0.125", "$0.12"),
        ("1234.5", "$1,234.50"),
        ("1234567.891", "$1,234,567.89"),
        ("-3.2", "-$3.20"),
    ],
)
def test_money(usd: str | None, said: str) -> None:
    assert money(None if usd is None else Decimal(usd)) == said


@pytest.mark.usefixtures("korean")
def test_money_and_numbers_in_korean() -> None:
    assert money(Decimal("1234.5")) == "US$1,234.50"
    assert money(Decimal("0.004")) == "< US$0.01"
    assert count(1234567) == "1,234,567"
    assert percent(0.6296) == "63 %"


@pytest.mark.parametrize(
    ("number", "said"), [(None, "–"), (0, "0"), (999, "999"), (1000, "1,000"), (-12345, "-12,345"), (4.0, "4")]
)
def test_count(number: float | None, said: str) -> None:
    assert count(number) == said


@pytest.mark.parametrize(
    ("share", "digits", "said"),
    [
        (None, 1, "–"),
        (0, 1, "0 %"),
        (1, 1, "100 %"),
        (17 / 27, 1, "63 %"),
        (0.125, 1, "12.5 %"),
        (0.5049, 0, "50 %"),
    ],
)
def test_percent(share: float | None, digits: int, said: str) -> None:
    assert percent(share, digits=digits) == said


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (None, "–"),
        (seconds(0), "0 sec"),
        (seconds(-5), "0 sec"),
        (seconds(0.4), "0 sec"),
        (seconds(59.6), "1 min"),
        (seconds(61), "1 min 1 sec"),
        (seconds(600), "10 min"),
        (seconds(41 * 60 + 59), "41 min"),
        (seconds(3600), "1 hr"),
        (seconds(3600 + 59), "1 hr"),
        (seconds(3600 + 60), "1 hr 1 min"),
        (timedelta(days=3, hours=4, minutes=59), "3 days 4 hr"),
        (timedelta(days=1, minutes=5), "1 day"),
        (timedelta(days=400), "400 days"),
    ],
)
def test_duration(span: timedelta | None, said: str) -> None:
    assert duration(span) == said


@pytest.mark.usefixtures("korean")
def test_duration_in_korean() -> None:
    assert duration(seconds(41 * 60)) == "41분"
    assert duration(timedelta(days=3, hours=4)) == "3일 4시간"


def test_ago() -> None:
    assert ago(NOW - seconds(1), NOW) == "just now"
    assert ago(NOW + seconds(30), NOW) == "just now"
    assert ago(NOW - seconds(12), NOW) == "12 sec ago"
    assert ago(NOW - timedelta(minutes=41), NOW) == "41 min ago"


def test_clock_says_the_day_only_where_it_is_another() -> None:
    assert clock(NOW, BERLIN, now=NOW + timedelta(hours=1)) == "01:13"
    assert clock(NOW, BERLIN, now=NOW + timedelta(days=1)) == "Nov 23 01:13"
    assert clock(NOW, BERLIN) == "Nov 23 01:13"
    late = NOW - timedelta(hours=2)  # 22 November 22:13 in UTC, the 23rd in Seoul
    assert clock(late, SEOUL, now=NOW) == "07:13"


@pytest.mark.usefixtures("korean")
def test_clock_in_korean() -> None:
    assert clock(NOW, SEOUL) == "11월 23일 09:13"


def test_clock_across_the_change_of_summer_time() -> None:
    """At 01:00 UTC of 25 October 2026, Berlin's clocks go from 03:00 back to 02:00: an hour is there twice."""
    before, after = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert clock(before, BERLIN, now=after) == clock(after, BERLIN, now=after) == "02:30"
    assert ago(before, after) == "1 hr ago"
    assert clock(before - timedelta(hours=3), BERLIN, now=after) == "Oct 24 23:30"
    spring = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    assert clock(spring, BERLIN, now=spring) == "01:59"
    assert clock(spring + timedelta(minutes=1), BERLIN, now=spring) == "03:00"


def test_exact_names_its_zone() -> None:
    assert exact(NOW, SEOUL) == "2026-11-23 09:13:00 Asia/Seoul"


TEXT = st.lists(st.sampled_from([*MARKDOWN, *"ab1 \n\t\"'=/@^", "&amp;", "http://", "가", "\u202e"])).map("".join)
REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(TEXT | st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_plain_text_is_never_interpreted(text: str) -> None:
    """Read as markdown it is one paragraph of nothing but the text, on one line."""
    said = "".join(sign for sign in text if sign not in REORDERING)
    assert rendered(plain(text).replace(NOTHING_AT_ALL, "")) == " ".join(said.split())


def rendered(markdown: str) -> str:
    """The text of markdown that has nothing but text."""
    blocks = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    if not blocks:
        return ""
    assert [block.type for block in blocks] == ["paragraph_open", "inline", "paragraph_close"]
    children = blocks[1].children or []
    assert {child.type for child in children} <= {"text", "text_special"}
    return "".join(child.content for child in children)


@given(st.text())
def test_every_special_of_markdown_is_escaped(text: str) -> None:
    said = plain(text).replace(NOTHING_AT_ALL, "")
    for position, sign in enumerate(said):
        if sign in MARKDOWN and sign != "\\":
            assert position > 0
            assert said[position - 1] == "\\"
    assert "\n" not in said
    assert not any(sign in said for sign in REORDERING)


@pytest.mark.parametrize("sign", MARKDOWN)
def test_each_special_is_shown_once(sign: str) -> None:
    assert plain(sign) == f"\\{sign}"
    assert rendered(f"a {plain(sign)} b") == f"a {sign} b"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("at https://a.example/b", ["at https:", "//a.example/b"]),
        ("at WWW.a.example", ["at WWW", ".a.example"]),
        ("from a@b.example", ["from a@", "b.example"]),
        (":material/home: :material_home:", [":", "material/home: :", "material_home:"]),
        (":streamlit: :+1: 12:30:45", [":", "streamlit: :", "+1: 12:", "30:45"]),
        ("a -> b <-> c >= d --- e", ["a -", "> b <", "-", "> c >", "= d -", "-", "- e"]),
        ("status: failed, x:y a-b > c", ["status: failed, x:y a-b > c"]),
    ],
)
def test_what_the_browser_would_make_of_plain_text_later_is_kept_apart(text: str, pieces: list[str]) -> None:
    """Icons, emoji, links and arrows, which Streamlit finds in the text that is left without the backslashes."""
    assert plain(text).replace("\\", "").split(NOTHING_AT_ALL) == pieces
