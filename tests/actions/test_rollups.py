"""What is kept of closed hours is what the source says: run again, broken off, late, corrected."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest

from actions.rollups import CHUNK
from queries import usage
from queries.rollups import CLOSED_AFTER, HOUR
from tests import databases
from tests.actions.usage_stage import DAYS, ENDED, FILL, MORE, OLD, RETRIED, Fresh, Stage, staged


def test_every_closed_hour_is_kept_as_the_source_has_it(stage: Stage) -> None:
    done = stage.roll()
    stage.until = until = done.until
    kept = stage.kept()
    with stage.source.connect() as connection:
        first = usage.first_hour(connection, stage.schema)
    assert first is not None
    assert (done.hours, done.left) == ((until - first) // HOUR, 0)
    assert kept["rolled"] == [(first + number * HOUR, False) for number in range(done.hours)]
    with stage.source.connect() as connection:
        users = usage.hourly_usage(connection, stage.schema, stage.aliases, first, until)
        kinds = usage.hourly_kinds(connection, stage.schema, first, until)
    names = ("jobs", "done", "failed", "refused", "cancelled", "rejected", "unpriced", "usd")
    columns = ", ".join(("hour", "digest", *names))
    with psycopg.connect(stage.store_url, options="-c TimeZone=UTC") as connection:
        rows = connection.execute(f"select {columns} from ops.hourly_usage".encode()).fetchall()  # noqa: S608
    assert sorted(rows) == sorted(
        (one.hour, one.digest, *(getattr(one.tally, name) for name in names)) for one in users
    )
    assert len(kept["hourly_kinds"]) == len(kinds) > 0
    begun: dict[str, datetime] = {}
    for one in sorted(users, key=lambda user: user.hour, reverse=True):
        begun |= {one.digest: one.hour} if one.tally.jobs else {}
    assert dict(kept["first_seen"]) == begun
    assert any(digest not in begun for _, digest, *_ in rows), "who was only refused has made no job"


def test_no_user_key_is_kept(stage: Stage) -> None:
    stage.roll()
    assert "key-" not in str(stage.kept())


def test_run_again_it_changes_nothing(stage: Stage) -> None:
    stage.roll()
    before = stage.kept()
    assert stage.roll().hours <= 1  # an hour may end meanwhile
    assert stage.kept() == before
    assert stage.roll(anew=True).hours >= len(before["rolled"])
    assert stage.kept() == before


def test_in_one_database_with_the_jobs(store_url: str) -> None:
    databases.create_newer(store_url)
    with staged(store_url, store_url) as stage:
        stage.change(FILL, MORE)
        assert stage.roll().hours > 0
        before = stage.kept()
        stage.roll(anew=True)
        assert stage.kept() == before


def test_the_older_deployment(older_url: str, store_url: str) -> None:
    with staged(older_url, store_url) as stage:
        assert stage.roll().hours > 0
        for table in ("hourly_usage", "hourly_kinds"):
            assert stage.one(f"select sum(jobs) from ops.{table}") == 58  # noqa: S608
            assert stage.one(f"select sum(images) > 0 from ops.{table}")  # noqa: S608
        stage.change("update jobs set status = 'done', progress = 100 where status <> 'done'")
        assert stage.check(sample=10_000).differences
        stage.roll()
        mended = stage.kept()
        stage.roll(anew=True)
        assert stage.kept() == mended


def test_an_empty_source(stage: Stage) -> None:
    stage.clear()
    assert (stage.roll().hours, stage.check().days) == (0, ())
    stage.change(FILL)
    assert stage.roll().hours > 0


LATE = {
    "retried": RETRIED,
    "ended": ENDED,
    "recorded late": """
        insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step,
                                 outcome, units, cost_usd)
        values ('late', now() - interval '5 hours', 'job_1', 2, 'key-1', 'p', 'llm', 'm', 's', 'succeeded', 1,
                7)""",
    "arrived late": """
        insert into jobs (id, status, user_key, created_at, updated_at)
        values ('job_late', 'queued', 'somebody new', now() at time zone 'utc' - interval '20 hours',
                now() at time zone 'utc')""",
    "before the first": """
        insert into jobs (id, status, user_key, created_at, updated_at)
        values ('job_old', 'done', 'key-1', now() at time zone 'utc' - interval '8 days',
                now() at time zone 'utc' - interval '8 days')""",
}


@pytest.mark.parametrize("late", LATE)
def test_what_comes_late_is_there_after_the_next_run(stage: Stage, fresh: Fresh, late: str) -> None:
    stage.roll()
    before = stage.kept()
    stage.change(LATE[late])
    assert stage.roll().hours > 0
    assert stage.kept() != before
    assert stage.kept() == fresh()


def test_a_change_that_was_committed_after_the_run_had_looked(stage: Stage, fresh: Fresh) -> None:
    """It carries a time from before the run, which could not see it."""
    with psycopg.connect(stage.source_url) as service:
        service.execute(ENDED.encode())
        stage.roll()
        before = stage.kept()
    stage.roll()
    assert stage.kept() != before
    assert stage.kept() == fresh()


CORRECTIONS = (
    "update jobs set user_key = 'key-moved' where status = 'done' and {old}",
    "delete from jobs where status = 'cancelled' and {old}",
    "update cost_events set cost_usd = cost_usd + 1 where occurred_at < now() - interval '26 hours'",
)


def test_silent_corrections_are_found_by_the_check_and_mended(stage: Stage, fresh: Fresh) -> None:
    stage.roll()
    assert stage.check(sample=DAYS).differences == ()
    assert stage.one("select differences from ops.rollup_state") == 0
    stage.change(*(correction.format(old=OLD) for correction in CORRECTIONS))
    stage.roll()
    found = stage.check(sample=DAYS)
    assert len(found.days) >= DAYS - 1
    assert {"jobs", "done", "cancelled", "usd"} <= {one.column for one in found.differences}
    assert stage.one("select differences from ops.rollup_state") == len(found.differences) > 0
    dirty = stage.one("select count(*) from ops.rolled_hours where dirty")
    assert dirty == len({one.hour for one in found.differences}) <= stage.roll().hours
    assert stage.kept() == fresh()
    assert stage.check(sample=DAYS).differences == ()


def test_a_difference_names_hour_sum_and_both_values(stage: Stage) -> None:
    stage.roll()
    # The newest hours may hold jobs that ended just now.
    hour = stage.one("select max(hour) from ops.hourly_usage where jobs > 0 and hour < now() - interval '2 hours'")
    digest = stage.one(f"select max(digest) from ops.hourly_usage where jobs > 0 and hour = '{hour}'")  # noqa: S608
    usd = stage.one(f"select usd from ops.hourly_usage where hour = '{hour}' and digest = '{digest}'")  # noqa: S608
    stage.spoil(f"update ops.hourly_usage set usd = usd + 1 where hour = '{hour}' and digest = '{digest}'")  # noqa: S608
    (difference,) = stage.check().differences
    assert (difference.hour, difference.of, difference.column) == (hour, f"user-{digest[:8]}", "usd")
    assert (difference.kept, difference.found) == (usd + Decimal(1), usd)


def test_a_known_change_is_no_difference(stage: Stage) -> None:
    """It is not rolled up yet, which is no fault of the roll-up."""
    stage.roll()
    stage.change(RETRIED)
    assert stage.check(sample=DAYS).differences == ()
    stage.roll()
    assert stage.check(sample=DAYS).differences == ()


def test_broken_off_in_the_backfill_it_goes_on(stage: Stage, fresh: Fresh) -> None:
    asked = iter((True, False))
    first = stage.roll(go_on=lambda: next(asked))
    assert (first.hours, first.left > 0) == (CHUNK, True)
    assert stage.one("select min(hour) from ops.rolled_hours") == first.until - CHUNK * HOUR, (
        "the newest come first"
    )
    stage.change(RETRIED)
    second = stage.roll()
    assert (second.hours >= first.left, second.left) == (True, 0)
    assert stage.kept() == fresh()


def test_another_key_of_the_aliases_makes_everything_anew(stage: Stage, fresh: Fresh) -> None:
    stage.roll()
    stage.check()
    before = stage.kept()
    with staged(stage.source_url, stage.store_url, key="another key") as other:
        assert other.check().differences == ()
        assert other.roll().hours >= len(before["rolled"])
        assert other.one("select checked_at is null from ops.rollup_state")
        other.until = stage.until
        mine = other.kept()
    digests = [{digest for _, digest, *_ in kept["hourly_usage"]} for kept in (before, mine)]
    assert digests[0] & digests[1] == {""}, "all that is shared are the calls that name no user"
    assert (mine["hourly_kinds"], mine["rolled"]) == (before["hourly_kinds"], before["rolled"])
    stage.roll()
    assert stage.kept() == before == fresh()


def test_under_another_key_meanwhile_nothing_is_mixed(stage: Stage) -> None:
    """A console with another key begins while one is in the middle."""
    with staged(stage.source_url, stage.store_url, key="another key") as other:
        turns = iter(range(100))
        done = stage.roll(go_on=lambda: next(turns) < 1 or other.roll().hours > 0)
        assert done.hours == CHUNK
        assert other.check(sample=DAYS).differences == ()


def test_the_current_hour_is_never_rolled(stage: Stage) -> None:
    stage.roll()
    newest = stage.one("select max(hour) from ops.rolled_hours")
    assert newest + HOUR + CLOSED_AFTER <= datetime.now(UTC)
