"""The 58 real rows of a running older deployment: the numbers stated here were counted by hand in the file."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from queries import costs, jobs, queue, step_times, stuck, usage
from queries.aliases import Aliases
from queries.models import MoneySource, Outcomes, PriceList, StuckRule, StuckRules
from queries.price_history import PriceHistory
from queries.steps import known
from tests.queries.conftest import connect, run, set_clock

END = "2026-11-23 00:13:00"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
RULES = StuckRules()
MONITOR_DEAD, RUNNING, QUEUED, STALLED, SLA = StuckRule


def minute(text: str) -> timedelta:
    minutes, seconds = text.split(":")
    return timedelta(minutes=int(minutes), seconds=int(seconds))


def test_only_that_deployments_columns_are_there(older_url: str) -> None:
    with connect(older_url) as (_, schema):
        assert schema.naive
        assert not schema.has("retry_count")
        assert not schema.has("last_retry_at")
        assert schema.has("moderation_output")
        assert not (schema.has_ledger or schema.has_job_events or schema.has_quality_checks)


def test_statuses(older_url: str) -> None:
    set_clock(older_url, END)
    with connect(older_url) as (connection, schema):
        waiting = queue.open_jobs(connection, schema)
        assert (waiting.queued, waiting.running) == (4, 2)
        assert waiting.oldest_queued_at is not None
        age = waiting.now - waiting.oldest_queued_at  # created at 00:10:54.997
        assert minute("2:05") <= age < minute("2:15")


def test_outcomes_by_window(older_url: str) -> None:
    set_clock(older_url, END)
    with connect(older_url) as (connection, schema):
        assert jobs.outcomes(connection, schema, DAY) == Outcomes(done=17, failed=10, refused=25, cancelled=0)
        # Since about 00:08: 3 books done, 3 over the SLA, 2 that could not be imported.
        assert jobs.outcomes(connection, schema, minute("5:00")) == Outcomes(3, 5, 0, 0)
        # Since about 00:10:58: without the books.
        assert jobs.outcomes(connection, schema, minute("2:30")) == Outcomes(0, 5, 0, 0)
        assert jobs.outcomes(connection, schema, DAY).success_rate == 17 / 27


def test_nothing_finished_is_no_data(older_url: str) -> None:
    set_clock(older_url, "2026-11-23 03:00:00")
    with connect(older_url) as (connection, schema):
        answer = jobs.outcomes(connection, schema, HOUR)
        assert answer == Outcomes(0, 0, 0, 0)
        assert answer.success_rate is None
        assert jobs.duration_p95(connection, schema, HOUR) is None
        assert jobs.failures_by_code(connection, schema, HOUR) == ()


def test_error_codes_null_among_them(older_url: str) -> None:
    set_clock(older_url, END)
    with connect(older_url) as (connection, schema):
        expected = (("SLA_BREACH", 3), ("UNKNOWN", 3), ("", 2), ("LLM_JSON_INVALID", 2))
        assert jobs.failures_by_code(connection, schema, DAY) == expected


def test_outcomes_by_bucket_add_up(older_url: str) -> None:
    set_clock(older_url, END)
    with connect(older_url) as (connection, schema):
        buckets = jobs.outcomes_by_bucket(connection, schema, HOUR, timedelta(minutes=5))
    assert len(buckets) == 13
    assert {later.start - earlier.start for earlier, later in pairwise(buckets)} == {timedelta(minutes=5)}
    totals = [
        sum(getattr(one.outcomes, kind) for one in buckets) for kind in ("done", "failed", "refused", "cancelled")
    ]
    assert totals == [17, 10, 25, 0]
    assert sum(one.outcomes == Outcomes(0, 0, 0, 0) for one in buckets) >= 9


def test_nothing_is_stuck_while_the_rows_are_fresh(older_url: str) -> None:
    set_clock(older_url, END)
    with connect(older_url) as (connection, schema):
        p95 = step_times.p95(step_times.usual(connection, schema))
        found = stuck.find(connection, schema, Aliases("k"), RULES, p95)
        assert (found.jobs, found.total) == ((), 0)
        assert found.now.utcoffset() == timedelta(0)


def test_stuck_by_rule_when_the_running_ones_hang(older_url: str) -> None:
    """At 00:27 two jobs ran without a sign for 16 min, and all six are over 600 s; the monitor is not yet dead."""
    set_clock(older_url, "2026-11-23 00:27:00")
    with connect(older_url) as (connection, schema):
        found = stuck.find(connection, schema, Aliases("k"), RULES, {})
    assert [one.worst.rule for one in found.jobs] == [RUNNING, RUNNING, SLA, SLA, SLA, SLA]
    assert [[hit.rule for hit in one.hits] for one in found.jobs[:3]] == [
        [RUNNING, STALLED, SLA],
        [RUNNING, STALLED, SLA],
        [SLA],
    ]
    first = found.jobs[0]
    assert first.job.id == "job_20261123_001048_19a1d681"
    assert [hit.since - first.job.updated_at for hit in first.hits[:2]] == [RULES.running, RULES.stalled_fallback]
    assert first.hits[2].since - first.job.created_at == RULES.sla
    ids = [one.job.id[4:19] for one in found.jobs[2:]]
    assert ids == ["20261123_001054", "20261123_001225", "20261123_001225", "20261123_001225"]


def test_stuck_by_rule_when_the_monitor_is_dead(older_url: str) -> None:
    """At 00:41:30 all six are over 600 s by more than two ticks; one of the queued has not moved for 30 min."""
    set_clock(older_url, "2026-11-23 00:41:30")
    with connect(older_url) as (connection, schema):
        found = stuck.find(connection, schema, Aliases("k"), RULES, {})
        capped = stuck.find(connection, schema, Aliases("k"), RULES, {}, limit=2)
    assert {one.worst.rule for one in found.jobs} == {MONITOR_DEAD}
    held = [[hit.rule for hit in one.hits] for one in found.jobs]
    assert (
        held
        == [[MONITOR_DEAD, RUNNING, STALLED, SLA]] * 2 + [[MONITOR_DEAD, QUEUED, SLA]] + [[MONITOR_DEAD, SLA]] * 3
    )
    assert capped.jobs == found.jobs[:2]
    assert capped.total == found.total == 6


def test_prose_steps_are_told_apart(older_url: str) -> None:
    with connect(older_url) as (connection, schema):
        job = jobs.get(connection, schema, Aliases("k"), "job_20261123_001048_19a1d681")
    assert job is not None
    assert job.step == "표지 그리는 중..."
    assert not known(job.step)
    assert (job.progress, job.retry_count, job.trace_id) == (55, None, None)


def test_users(older_url: str, aliases: Aliases) -> None:
    """One user of the file made 20 jobs, another 3; the others one each, which makes 37 users."""
    set_clock(older_url, "2026-11-23 00:13:00")
    ids = ["job_20261123_000747_5728e2d5", "job_20261123_000747_20123d97", "job_20261123_001048_19a1d681"]
    with connect(older_url) as (connection, schema):
        everybody = [row.id for row in connection.execute(schema.jobs.select())]
        found = jobs.get_many(connection, schema, aliases, [*everybody, "job_nowhere"])
        # Some zone's midnight is hours away, whenever this runs.
        zone = connection.exec_driver_sql(
            "select name from pg_timezone_names where name like 'Etc/GMT%%'"
            " order by abs(extract(hour from now() at time zone name) - 12) limit 1"
        ).scalar_one()
        made = usage.jobs_today_by_owner(connection, schema, zone, ids)
    assert len(found) == 58
    assert len({job.user for job in found.values()}) == 37
    assert [made[job_id] for job_id in ids] == [20, 3, 1]


def test_money_is_unknown_without_prices_and_estimated_with(older_url: str) -> None:
    prices = PriceList(per_llm_call=Decimal("0.01"), per_image=Decimal("0.04"), images_per_book=10)
    none, some = PriceHistory(), PriceHistory.always(prices)
    ids = ["job_20261123_000446_13a379fb", "job_20261123_000747_5728e2d5", "job_20261123_001048_19a1d681"]
    with connect(older_url) as (connection, schema):
        unknown = costs.spent_by_job(connection, schema, none, ids)
        known = costs.spent_by_job(connection, schema, some, ids)
        assert costs.spent_today(connection, schema, PriceList(), "UTC").usd is None
        assert costs.spent_by_hour(connection, schema, none, 3) == ()
        assert costs.usual_spend_by_now(connection, schema, "Asia/Seoul") is None
    assert {(spend.usd, spend.source) for spend in unknown.values()} == {(None, MoneySource.NONE)}
    assert {spend.source for spend in known.values()} == {MoneySource.ESTIMATED}
    # A whole book; a refused input, which made one call; 55 % of a book.
    assert [known[job_id].usd for job_id in ids] == [Decimal("0.44"), Decimal("0.01"), Decimal("0.242")]


def test_hostile_and_unknown_values_break_nothing(older_url: str) -> None:
    set_clock(older_url, END)
    hostile = "<script>alert(1)</script> '; drop table jobs; -- %s {0} \\ \x01 \U0001f4a5"
    with connect(older_url) as (connection, schema):
        before = jobs.outcomes(connection, schema, DAY)
    run(
        older_url,
        "insert into jobs select 'paused_' || n, 'PAUSED?', 5000, '{x}', null, null, null, null, 'u', null,"
        " now() at time zone 'utc', now() at time zone 'utc' from generate_series(1, 3) n",
        f"update jobs set error_message = $x${hostile}$x$, error_code = 'NEVER_SEEN' where id like '%_5728e2d5'",  # noqa: S608
    )
    with connect(older_url) as (connection, schema):
        after = jobs.outcomes(connection, schema, DAY)
        job = jobs.get(connection, schema, Aliases("k"), "job_20261123_000747_5728e2d5")
        strange = jobs.get(connection, schema, Aliases("k"), "paused_1")
        assert stuck.find(connection, schema, Aliases("k"), RULES, {}).total == 0
    assert (after.failed, after.refused) == (before.failed + 1, before.refused - 1)
    assert job is not None
    assert (job.error_message, job.error_code) == (hostile, "NEVER_SEEN")
    assert strange is not None
    assert strange.status == "PAUSED?"
