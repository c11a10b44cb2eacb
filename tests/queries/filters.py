"""Filters as hypothesis makes them: anything that parse() could answer with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from queries.job_filter import Comparison, JobFilter
from queries.moments import LONGEST_AGO

ZONES = ("UTC", "Asia/Seoul", "America/New_York", "Asia/Kathmandu", "Europe/Dublin", "America/Sao_Paulo")

zones = st.sampled_from(ZONES).map(ZoneInfo)
words = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=12)
ago = st.timedeltas(timedelta(0), LONGEST_AGO)
# Every half hour of the zones' changes of clock in these years is among them.
instants = st.one_of(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 2 * 366 * 48).map(lambda half: datetime(2018, 1, 1, tzinfo=UTC) + half * timedelta(minutes=30)),
)
moments = st.none() | ago | st.times() | instants
operators = st.sampled_from(["<", "<=", "=", ">=", ">"])
counts = st.builds(Comparison, operators, st.integers(0, 999_999_999).map(Decimal))
amounts = st.builds(Comparison, operators, st.decimals(0, 10**14, places=9))
aliases = st.integers(0, 16**8 - 1).map(lambda number: f"user-{number:08x}")


def few(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(values, max_size=2).map(tuple)


filters = st.builds(
    JobFilter,
    ids=few(words),
    users=few(aliases),
    statuses=few(words),
    kinds=few(words),
    steps=few(words),
    errors=few(words),
    texts=few(words),
    since=moments,
    until=moments,
    created_since=moments,
    created_until=moments,
    attempts=few(counts),
    cost=few(amounts),
)

# Text near the language: its own words and signs in any order.
near = st.lists(
    st.sampled_from(
        [
            *("status:", "user:", "since:", "created:", "cost:", "attempts:", "text:", "id:", "error:", "wrong:"),
            *(" ", " ", '"', '\\"', "\\", ",", ":", "..", ">=", "<", "*", "\0", "\n", "\u200b", "\ud800", "-"),
            *("failed", "none", "2h", "12:00", "24:00", "2026-11-23", "2026-02-30", "9999-12-31", "T09:00", "Z"),
            *(
                "user-7f3a9c01",
                "job_20261123_001054",
                "_c5be9209",
                "0.2",
                "1e9",
                "٣",
                "재시도",
                "99999999999d",
                "\\u{41}",
            ),
        ]
    )
    | st.text(max_size=3),
    max_size=14,
).map("".join)
