"""Numbers that are fixed once, and claims that one process gets, however many ask at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from actions import reports
from actions.errors import NotKept
from actions.reports import Target
from queries import reports as kept_reports
from queries.database import engine
from queries.errors import MissingMigration
from tests.actions.conftest import Rows

WEEK, ZONE = "2026-W47", "Asia/Seoul"
MAIL = Target(WEEK, ZONE, "mailto:0123456789ab")
AT_ONCE = 4


def test_the_first_numbers_stay_until_they_are_made_anew(store: sa.Engine, rows: Rows) -> None:
    first = reports.keep(store, WEEK, ZONE, {"usd": "1.10"})
    again = reports.keep(store, WEEK, ZONE, {"usd": "2"})
    assert again == first
    assert (first.numbers, first.revision) == ({"usd": "1.10"}, 1)
    reports.keep(store, WEEK, "UTC", {"usd": "3"})
    second = reports.keep(store, WEEK, ZONE, {"usd": "4"}, anew=True)
    third = reports.keep(store, WEEK, ZONE, {"usd": "5"}, anew=True)
    assert (second.revision, third.revision, third.numbers) == (2, 3, {"usd": "5"})
    assert first.made_at < second.made_at < third.made_at
    with store.connect() as connection:
        assert kept_reports.kept(connection, WEEK, ZONE) == third
        assert kept_reports.kept(connection, "2026-W46", ZONE) is None
    assert len(rows("select * from ops.weekly_reports")) == 2


def test_of_many_at_once_all_tell_the_same_numbers(store: sa.Engine) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        made = list(threads.map(lambda n: reports.keep(store, WEEK, ZONE, {"n": n}), range(AT_ONCE)))
    assert len({str(one) for one in made}) == 1


def test_of_many_at_once_one_may_send(store: sa.Engine, rows: Rows) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        claims = list(threads.map(lambda _: reports.claim(store, MAIL), range(AT_ONCE)))
    assert [claim.mine for claim in claims].count(True) == 1
    assert {claim.at for claim in claims} == {claims[0].at}
    assert rows("select sent_at from ops.report_deliveries") == [{"sent_at": None}]
    for other in (Target("2026-W46", ZONE, MAIL.name), Target(WEEK, "UTC", MAIL.name), Target(WEEK, ZONE, "x:1")):
        assert reports.claim(store, other).mine


def test_a_broken_claim_is_taken_over_by_one_who_asks_for_it(store: sa.Engine) -> None:
    lost = reports.claim(store, MAIL)
    assert not reports.claim(store, MAIL).mine
    again = reports.claim(store, MAIL, again=True)
    assert again.mine
    assert again.before is not None
    assert again.before.claimed_at == lost.at
    # Who was only slow does not mark another's claim.
    reports.sent(store, MAIL, lost)
    left = reports.claim(store, MAIL)
    assert (left.mine, left.before and left.before.sent_at) == (False, None)


def test_what_has_arrived_is_repeated_for_everyone_only(store: sa.Engine) -> None:
    claim = reports.claim(store, MAIL)
    reports.sent(store, MAIL, claim)
    for again in (False, True):
        left = reports.claim(store, MAIL, again=again)
        assert not left.mine
        assert left.before is not None
        assert left.before.sent_at is not None
    assert not reports.claim(store, MAIL, everyone=True).mine
    assert reports.claim(store, MAIL, again=True, everyone=True).mine


def test_what_is_in_the_way_is_told(store_url: str, empty_url: str) -> None:
    timeout = timedelta(seconds=5)
    bare = engine(empty_url, statement_timeout=timeout)
    with pytest.raises(MissingMigration):
        reports.keep(bare, WEEK, ZONE, {})
    bare.dispose()
    with psycopg.connect(store_url) as connection:
        connection.execute("drop role if exists reader_of_reports")
        connection.execute("create role reader_of_reports login")
        connection.execute("grant usage on schema ops to reader_of_reports")
        connection.execute("grant select on all tables in schema ops to reader_of_reports")
    reader = engine(store_url.replace("postgres@", "reader_of_reports@"), statement_timeout=timeout)
    try:
        with pytest.raises(NotKept, match="permission denied"):
            reports.keep(reader, WEEK, ZONE, {})
        with pytest.raises(NotKept, match="permission denied"):
            reports.claim(reader, MAIL)
    finally:
        reader.dispose()
        with psycopg.connect(store_url) as connection:
            connection.execute("drop owned by reader_of_reports")
            connection.execute("drop role reader_of_reports")
