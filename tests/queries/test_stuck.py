"""The rules of a stuck job on the newer deployment, with step history, retries and the index."""

from __future__ import annotations

from datetime import timedelta

from queries import stuck
from queries.aliases import Aliases
from queries.models import StuckJobs, StuckRule, StuckRules
from tests.queries.conftest import connect, run

RULES = StuckRules()
MONITOR_DEAD, RUNNING, QUEUED, STALLED, SLA = StuckRule
P95 = {"generate_images": timedelta(minutes=2), "normalize": timedelta(milliseconds=10)}


def add(url: str, name: str, status: str, created: str, updated: str, **more: str) -> None:
    """A job; times are ages, such as "12 min"."""
    values = {"id": name, "status": status, "user_key": f"user of {name}"} | more
    ages = {"created_at": created, "updated_at": updated}
    names = ", ".join([*values, *ages])
    literals = [f"'{value}'" for value in values.values()]
    literals += [f"(now() - interval '{age}') at time zone 'utc'" for age in ages.values()]
    run(url, f"insert into jobs ({names}) values ({', '.join(literals)})")  # noqa: S608


def find(url: str, rules: StuckRules = RULES, p95: dict[str, timedelta] = P95) -> StuckJobs:
    with connect(url) as (connection, schema):
        return stuck.find(connection, schema, Aliases("k"), rules, p95)


def held(found: StuckJobs) -> dict[str, list[StuckRule]]:
    return {one.job.id: [hit.rule for hit in one.hits] for one in found.jobs}


def test_no_jobs_at_all_still_tells_the_clock(newer_url: str) -> None:
    found = find(newer_url)
    assert (found.jobs, found.total) == ((), 0)
    assert found.now.utcoffset() == timedelta(0)


def test_each_rule_alone_just_before_and_just_after(newer_url: str) -> None:
    image = {"current_step": "generate_images"}
    add(newer_url, "sla before", "queued", "9 min 50 s", "1 s")
    add(newer_url, "sla after", "queued", "10 min 1 s", "1 s")
    add(newer_url, "dead before", "queued", "19 min 50 s", "1 s")
    add(newer_url, "dead after", "queued", "20 min 1 s", "1 s")
    add(newer_url, "stalled before", "running", "9 min", "5 min 50 s", **image)
    add(newer_url, "stalled after", "running", "9 min", "6 min 1 s", **image)
    add(newer_url, "fallback before", "running", "9 min", "4 min 50 s", current_step="그림 그리는 중")
    add(newer_url, "fallback after", "running", "9 min", "5 min 1 s", current_step="그림 그리는 중")
    assert held(find(newer_url)) == {
        "dead after": [MONITOR_DEAD, SLA],
        "fallback after": [STALLED],
        "stalled after": [STALLED],
        "dead before": [SLA],
        "sla after": [SLA],
    }


def test_running_and_queued_limits(newer_url: str) -> None:
    late = StuckRules(sla=timedelta(days=1), stalled_fallback=timedelta(days=1))
    for status, minutes in (("running", 15), ("queued", 30)):
        add(newer_url, f"{status} before", status, "1 hour", f"{minutes - 1} min 50 s")
        add(newer_url, f"{status} after", status, "1 hour", f"{minutes} min 1 s")
    assert held(find(newer_url, late, {})) == {"running after": [RUNNING], "queued after": [QUEUED]}


def test_a_step_of_milliseconds_has_a_floor(newer_url: str) -> None:
    add(newer_url, "before", "running", "1 min", "5 s", current_step="normalize")
    add(newer_url, "after", "running", "1 min", "11 s", current_step="normalize")
    assert held(find(newer_url)) == {"after": [STALLED]}


def test_a_retried_job_starts_anew(newer_url: str) -> None:
    retried = "(now() - interval '1 min') at time zone 'utc'"
    add(newer_url, "retried", "queued", "3 days", "1 min")
    run(newer_url, f"update jobs set last_retry_at = {retried}, retry_count = 1")  # noqa: S608
    assert find(newer_url).total == 0
    run(newer_url, "update jobs set last_retry_at = null")
    assert held(find(newer_url)) == {"retried": [MONITOR_DEAD, SLA]}


def test_finished_and_unknown_statuses_are_never_stuck(newer_url: str) -> None:
    for status in ("done", "failed", "cancelled", "paused", "RUNNING"):
        add(newer_url, status, status, "3 days", "2 days")
    assert find(newer_url).total == 0


def test_longest_stuck_first_within_a_rule(newer_url: str) -> None:
    for minutes in (40, 60, 50):
        add(newer_url, f"{minutes}", "queued", f"{minutes} min", "1 s")
    assert list(held(find(newer_url))) == ["60", "50", "40"]


def test_users_are_aliases(newer_url: str) -> None:
    add(newer_url, "job", "queued", "1 day", "1 s")
    (one,) = find(newer_url).jobs
    assert one.job.user == Aliases("k").alias("user of job")
    assert "user of" not in repr(find(newer_url))
