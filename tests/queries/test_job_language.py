"""The filter's language: what is read is what is meant, what is written is read again, errors say where."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries import filter_errors
from queries.filter_errors import (
    BadCharacter,
    BadCount,
    BadMoment,
    BadNumber,
    BadUser,
    EmptyValue,
    FilterError,
    MisspeltQualifier,
    Repeated,
    TooLong,
    UnclosedQuote,
    UnknownQualifier,
    Withheld,
)
from queries.job_filter import Comparison, JobFilter
from queries.job_language import TEXT_LIMIT, parse, printed
from tests.queries import filters

SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def seoul(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=SEOUL)  # type: ignore[arg-type,misc]


READ: dict[str, JobFilter] = {
    "": JobFilter(),
    "status:failed error:IMAGE_* since:2h": JobFilter(statuses=("failed",), errors=("IMAGE_*",), since=2 * HOUR),
    "Status:failed,queued status:done": JobFilter(statuses=("failed", "queued", "done")),
    "user:user-7f3a9c01": JobFilter(users=("user-7f3a9c01",)),
    "user-7f3a9c01": JobFilter(users=("user-7f3a9c01",)),
    "user-7f3a9c": JobFilter(texts=("user-7f3a9c",)),
    "job_20261123_001054_c5be9209": JobFilter(ids=("job_20261123_001054_c5be9209",)),
    "job_20261123_0010": JobFilter(ids=("job_20261123_0010*",)),
    "series_2026*": JobFilter(ids=("series_2026*",)),
    "job_20261123x": JobFilter(texts=("job_20261123x",)),
    "id:job_2026*": JobFilter(ids=("job_2026*",)),
    '"job_2026"': JobFilter(texts=("job_2026",)),
    "timed out": JobFilter(texts=("timed out",)),
    "timed out status:failed again": JobFilter(texts=("timed out", "again"), statuses=("failed",)),
    "timed user-7f3a9c01 out": JobFilter(texts=("timed", "out"), users=("user-7f3a9c01",)),
    'rate "a, b" limit,': JobFilter(texts=("rate", "a, b", "limit,")),
    'text:"timed out","say \\"no\\"",x': JobFilter(texts=("timed out", 'say "no"', "x")),
    'text:C:\\temp step:"표지 그리는 중..."': JobFilter(texts=("C:\\temp",), steps=("표지 그리는 중...",)),
    'text:"a\\\\b\\u{a}\\u{0}"': JobFilter(texts=("a\\b\n\\u{0}",)),
    "kind:series step:generate_images": JobFilter(kinds=("series",), steps=("generate_images",)),
    "since:1w until:90m": JobFilter(since=7 * DAY, until=1.5 * HOUR),
    "since:1.5h until:30s": JobFilter(since=1.5 * HOUR, until=timedelta(seconds=30)),
    "since:12:00 until:9:05:01.5": JobFilter(since=time(12), until=time(9, 5, 1, 500_000)),
    "since:2026-11-23": JobFilter(since=seoul(2026, 11, 23)),
    "since:2026-11-23T09:00": JobFilter(since=seoul(2026, 11, 23, 9)),
    "since:2026-11-23t09:00Z": JobFilter(since=datetime(2026, 11, 23, 9, tzinfo=UTC)),
    "since:2026-11-23T09:00-05:00": JobFilter(since=datetime(2026, 11, 23, 14, tzinfo=UTC)),
    "created:2026-11-20": JobFilter(created_since=seoul(2026, 11, 20), created_until=seoul(2026, 11, 21)),
    "created:2026-11-20..2026-11-21": JobFilter(
        created_since=seoul(2026, 11, 20), created_until=seoul(2026, 11, 22)
    ),
    "created:>2026-11-20 created:<=2026-11-21": JobFilter(
        created_since=seoul(2026, 11, 21), created_until=seoul(2026, 11, 22)
    ),
    "created:>=2026-11-20,<2026-11-21": JobFilter(
        created_since=seoul(2026, 11, 20), created_until=seoul(2026, 11, 21)
    ),
    "created:2h..12:00": JobFilter(created_since=2 * HOUR, created_until=time(12)),
    "created:2h": JobFilter(created_since=2 * HOUR),
    "created:2026-11-20..": JobFilter(created_since=seoul(2026, 11, 20)),
    "created:..2026-11-20": JobFilter(created_until=seoul(2026, 11, 21)),
    "created:9999-12-31": JobFilter(created_since=seoul(9999, 12, 31)),  # no day follows
    "attempts:>=2 attempts:<5": JobFilter(attempts=(Comparison(">=", Decimal(2)), Comparison("<", Decimal(5)))),
    "attempts:3,=4": JobFilter(attempts=(Comparison("=", Decimal(3)), Comparison("=", Decimal(4)))),
    "cost:>0.2": JobFilter(cost=(Comparison(">", Decimal("0.2")),)),
}


@pytest.mark.parametrize("text", READ)
def test_what_is_read(text: str) -> None:
    assert parse(text, SEOUL) == READ[text]
    assert parse(printed(READ[text], SEOUL), SEOUL) == READ[text]


def test_what_is_written() -> None:
    text = (
        'again since:120m cost:>0.20 id:job_2026* "timed  out" created:2026-11-20..2026-11-21'
        " error:a*b status:failed,queued attempts:=2 user-7f3a9c01 until:2026-11-23T09:00:01Z"
    )
    assert printed(parse(text, SEOUL), SEOUL) == (
        'id:job_2026* user:user-7f3a9c01 status:failed,queued error:a*b text:again,"timed  out" since:2h'
        " until:2026-11-23T18:00:01 created:>=2026-11-20 created:<2026-11-22 attempts:2 cost:>0.2"
    )


def test_what_an_address_cannot_hold_is_written_in_signs_that_it_can() -> None:
    written = printed(JobFilter(errors=("a\nb\u200b",)), SEOUL)
    assert written.isprintable()
    assert written == 'error:"a\\u{a}b\\u{200b}"'


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "2026-11-01T01:30"),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), "2026-11-01T06:30Z"),  # 01:30 for the second time
        (datetime(2026, 3, 8, 7, 30, tzinfo=UTC), "2026-03-08T03:30"),
        (datetime(2026, 7, 1, 4, tzinfo=UTC), "2026-07-01"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00Z"),  # in New York still the year before the first
    ],
)
def test_instants_where_clocks_change(instant: datetime, text: str) -> None:
    made = JobFilter(since=instant)
    assert printed(made, NEW_YORK) == f"since:{text}"
    assert parse(f"since:{text}", NEW_YORK) == made


@settings(deadline=None)
@given(filters.filters, filters.zones)
def test_what_is_printed_is_read_again(made: JobFilter, zone: tzinfo) -> None:
    text = printed(made, zone)
    if len(text) <= TEXT_LIMIT:
        assert parse(text, zone) == made
        assert text.isprintable()
    else:
        with pytest.raises(TooLong):
            parse(text, zone)


@settings(deadline=None)
@given(filters.near | st.text(), filters.zones)
def test_any_text_is_a_filter_or_an_error_within_the_text(text: str, zone: tzinfo) -> None:
    try:
        found = parse(text, zone)
    except FilterError as error:
        assert 0 <= error.position < error.position + error.length <= len(text)
        assert error.text_in(text)
    else:
        written = printed(found, zone)
        assert len(written) > TEXT_LIMIT or printed(parse(written, zone), zone) == written


ERRORS: list[tuple[str, type[FilterError], str]] = [
    # The text, with ⟦ ⟧ around what the error points at.
    ("status:failed ⟦\0⟧", BadCharacter, ""),
    ("⟦\ud800⟧", BadCharacter, ""),
    ('status:failed text:⟦"timed out⟧', UnclosedQuote, ""),
    ('text:"a"⟦"b\\"⟧', UnclosedQuote, ""),
    ("status:failed ⟦wibble⟧:x", UnknownQualifier, '"wibble"'),
    ("⟦staus⟧:failed", MisspeltQualifier, '"status"'),
    ("⟦status:⟧", EmptyValue, ""),
    ("⟦status:⟧ failed", EmptyValue, ""),
    ('text:⟦""⟧', EmptyValue, ""),
    ('failed ⟦""⟧', EmptyValue, ""),
    ("status:failed⟦,⟧", EmptyValue, ""),
    ("status:⟦,⟧failed", EmptyValue, ""),
    ("status:failed,⟦,⟧done", EmptyValue, ""),
    ("since:2h ⟦since:3h⟧", Repeated, ""),
    ("⟦until:2h,3h⟧", Repeated, ""),
    ("created:2026-11-20 ⟦created:<2h⟧", Repeated, ""),
    ("status:failed user:⟦user-7f3⟧", BadUser, ""),
    ('user:user-7f3a9c01,⟦"a b"⟧', BadUser, ""),
    ("since:⟦yesterday⟧", BadMoment, ""),
    ("since:⟦24:00⟧", BadMoment, ""),
    ("since:⟦2026-02-30⟧", BadMoment, ""),
    ("since:⟦0001-01-01⟧", BadMoment, ""),  # before the calendar's beginning in UTC
    ("since:⟦9999999999w⟧", BadMoment, ""),
    ("created:>=⟦x⟧", BadMoment, ""),
    ("created:2026-11-20..⟦x⟧", BadMoment, ""),
    ("created:⟦x⟧..2026-11-20", BadMoment, ""),
    ("created:⟦..⟧", BadMoment, ""),
    ("created:⟦>⟧", BadMoment, ""),
    ('created:⟦"2h..x y"⟧', BadMoment, ""),
    ("cost:>⟦1e9⟧", BadNumber, ""),
    ("cost:⟦>⟧", BadNumber, ""),
    ("cost:⟦-1⟧", BadNumber, ""),
    ("cost:>0.2,⟦free⟧", BadNumber, ""),
    ("attempts:>=⟦1.5⟧", BadCount, ""),
    ("attempts:⟦٣⟧", BadCount, ""),
    ("a" * TEXT_LIMIT + "⟦bc⟧", TooLong, str(TEXT_LIMIT)),
]


@pytest.mark.parametrize(("marked", "kind", "told"), ERRORS, ids=[one[1].__name__ for one in ERRORS])
def test_errors_say_where(marked: str, kind: type[FilterError], told: str) -> None:
    start, end = marked.index("⟦"), marked.index("⟧") - 1
    with pytest.raises(kind) as caught:
        parse(marked.replace("⟦", "").replace("⟧", ""), SEOUL)
    assert type(caught.value) is kind
    assert (caught.value.position, caught.value.length) == (start, end - start)
    assert told in str(caught.value)


@pytest.mark.parametrize("marked", ["⟦cost:>0.2,<1⟧ status:failed", "status:failed ⟦COST:⟧", "a ⟦cost:nonsense⟧"])
def test_what_is_withheld_says_where_and_is_not_read(marked: str) -> None:
    before, held, _ = marked.replace("⟧", "⟦").split("⟦")
    text = marked.replace("⟦", "").replace("⟧", "")
    with pytest.raises(Withheld) as caught:
        parse(text, SEOUL, frozenset({"cost"}))
    assert caught.value.position == len(before)
    assert caught.value.text_in(text) == held
    assert parse('"cost:>0.2" status:failed', SEOUL, frozenset({"cost"})).texts == ("cost:>0.2",)


def test_every_kind_of_error_is_met() -> None:
    kinds = {kind for kind in vars(filter_errors).values() if isinstance(kind, type)}
    met = {Withheld, *(kind for _, kind, _ in ERRORS)}
    assert {kind for kind in kinds if issubclass(kind, FilterError)} - met == {FilterError}


def test_a_pasted_key_is_not_repeated() -> None:
    for text in ("user:sk-SECRET-1", 'user:"sk-SECRET-1"', "user:user-7f3a9c01,sk-SECRET-1"):
        with pytest.raises(BadUser) as caught:
            parse(text, SEOUL)
        assert "SECRET" not in f"{caught.value} {caught.value!r} {caught.value.fields}"
