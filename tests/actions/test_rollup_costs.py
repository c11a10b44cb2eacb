"""Costs that are kept of closed hours: what became of a call changes with its job, however late."""

from __future__ import annotations

from decimal import Decimal

from queries import job_money, job_story
from tests.actions.usage_stage import DAYS, Fresh, Stage, staged

STEPS = {"story": "generate_story", "images": "generate_images", "package": "package"}
FAILED = """
insert into jobs (id, status, error_code, user_key, created_at, updated_at)
select 'job_twice', 'failed', 'IMAGE_FAILED', 'key-twice', at, at + interval '3 minutes'
  from (select now() at time zone 'utc' - interval '40 hours' as at) made
"""
AGAIN = """
update jobs set status = '{status}', error_code = null, retry_count = 1, updated_at = now() at time zone 'utc'
 where id = 'job_twice'
"""


def call(attempt: int, step: str, cents: int, *, ok: bool = True) -> str:
    """The first attempt was 40 hours ago, the second 3 hours."""
    ago, kind = {1: 40, 2: 3}[attempt], "image" if step == "images" else "llm"
    return f"""
insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step, outcome, units,
                         cost_usd)
values ('{attempt}-{step}-{ok}', now() - interval '{ago} hours', 'job_twice', {attempt}, 'twice', '{kind}', 'm',
        '{STEPS[step]}', '{"succeeded" if ok else "failed"}', 1, {cents} * 0.01)
"""  # noqa: S608


FIRST = (call(1, "story", 10), call(1, "images", 20), call(1, "images", 5, ok=False))


SUMS = """
select json_agg(json_build_array(step, fate, error_code, cents)) from (
    select step, fate, error_code, round(sum(usd) * 100) as cents
      from ops.hourly_costs where provider = 'twice' group by 1, 2, 3) sums
"""


def kept(stage: Stage) -> dict[tuple[str, str, str], int]:
    """Cents by step, fate and error code, of the job that was tried twice."""
    return {(step, fate, code): cents for step, fate, code, cents in stage.one(SUMS)}


def test_what_a_first_attempt_wasted_stays_waste_after_the_job_is_done(stage: Stage, fresh: Fresh) -> None:
    stage.change(FAILED, *FIRST)
    stage.roll()
    assert kept(stage) == {
        ("generate_story", "failed", "IMAGE_FAILED"): 10,
        ("generate_images", "failed", "IMAGE_FAILED"): 25,
    }
    stage.change(AGAIN.format(status="running"))
    stage.roll()
    first = {("generate_story", "open", ""): 10, ("generate_images", "open", ""): 20}
    wasted = {("generate_images", "call_failed", ""): 5}
    assert kept(stage) == first | wasted
    stage.change(call(2, "story", 11), call(2, "images", 21), call(2, "package", 1), AGAIN.format(status="done"))
    stage.roll()
    used = {("generate_story", "used", ""): 11, ("generate_images", "used", ""): 21, ("package", "used", ""): 1}
    wasted |= {("generate_story", "again", ""): 10, ("generate_images", "again", ""): 20}
    assert kept(stage) == used | wasted
    assert stage.kept() == fresh()
    with stage.source.connect() as connection:
        calls = job_story.calls(connection, stage.schema, "job_twice") or ()
    told = sum(one.wasted for one in job_money.sums(calls, "done"))
    assert told == Decimal(sum(wasted.values())) / 100


def test_a_part_that_moved_silently_is_found_by_the_check(stage: Stage, fresh: Fresh) -> None:
    stage.roll()
    stage.change("update cost_events set provider = 'moved' where occurred_at < now() - interval '26 hours'")
    found = stage.check(sample=DAYS).differences
    assert {"p · llm · s · used", "moved · llm · s · used"} <= {one.of for one in found}
    assert {one.column for one in found} == {"calls", "unpriced", "usd"}
    stage.roll()
    assert stage.kept() == fresh()
    assert stage.check(sample=DAYS).differences == ()


def test_without_a_ledger_shares_of_books_are_kept(older_url: str, store_url: str) -> None:
    with staged(older_url, store_url) as stage:
        stage.roll()
        for kind, column in (("llm", "llm"), ("image", "images"), ("tts", "speech")):
            shares = stage.one(f"select sum(share) from ops.hourly_costs where kind = '{kind}'")  # noqa: S608
            assert shares == stage.one(f"select sum({column}) from ops.hourly_usage") > 0  # noqa: S608
        assert stage.one("select sum(calls) + sum(usd) from ops.hourly_costs") == 0
