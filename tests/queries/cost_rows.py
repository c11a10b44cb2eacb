"""Jobs with all that may become of their calls, and what that comes to by a way of its own: rows, then pandas."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

import pandas as pd
import psycopg

from tests.queries.usage_rows import SHARED_HOURS, ZONES, Season

JOBS = 400
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# As the contract orders them; an own step is beside the order.
ORDER = ("moderate_input", "generate_story", "generate_image_prompts", "generate_images", "package")
OWN = "표지 그리기"
KINDS = {"generate_images": ("google", "image"), "package": ("azure", "tts"), OWN: ("azure", "storage")}
ENDINGS = (
    *[("done", None)] * 5,
    ("failed", "IMAGE_FAILED"),
    ("failed", None),
    ("failed", "SAFETY_OUTPUT"),
    ("cancelled", None),
    ("running", None),
    ("on hold", "UNKNOWN"),
)
Row = tuple[Any, ...]
_JOB: LiteralString = (
    "copy jobs (id, status, error_code, user_key, retry_count, created_at, updated_at) from stdin"
)
_CALL: LiteralString = (
    "copy cost_events (event_id, occurred_at, recorded_at, job_id, attempt, user_key, provider, kind, model, step,"
    " outcome, units, cost_usd) from stdin"
)


def fill(url: str, season: Season) -> None:
    """Put the season's jobs and calls in place of what the database holds."""
    dice = random.Random(season.change.toordinal())  # noqa: S311
    jobs: list[Row] = []
    calls: list[Row] = []
    for number in range(JOBS):
        job, at = _job(dice, season, number)
        jobs.append(job)
        calls += _calls(dice, job, at)
    calls += _edges(season)
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection, connection.cursor() as cursor:
        cursor.execute("truncate jobs, cost_events, guardrail_rejections")
        for statement, rows in ((_JOB, jobs), (_CALL, calls)):
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
        cursor.execute("analyze")


def _job(dice: random.Random, season: Season, number: int) -> tuple[Row, datetime]:
    at = datetime.combine(season.first, time(), UTC) + dice.random() * 90 * DAY
    status, code = dice.choice(ENDINGS)
    naive = at.replace(tzinfo=None)
    return (f"job_{number}", status, code, f"key-{number % 7}", dice.choice((0, 0, 0, 1, 2)), naive, naive), at


def _calls(dice: random.Random, job: Row, at: datetime) -> Iterator[Row]:
    """Each attempt some hours or days after the one before, from the start or from a step on, up to another."""
    gone = dice.random() < 0.05
    for attempt in range(1, 2 + job[4]):
        first = dice.choice((0, 0, 1, 3))
        steps = (*ORDER[first : dice.randint(first + 1, len(ORDER))], *dice.choice(((), (), (OWN,))))
        for step in steps:
            for call in range(3 if step == "generate_images" else dice.choice((1, 1, 1, 2))):
                at += dice.random() * 9 * MINUTE
                of = f"{job[0]}-{attempt}-{call}", "gone" if gone else job[0], attempt
                yield _call(dice, of, at, step)
        at += dice.choice((MINUTE, 7 * 60 * MINUTE, 2 * DAY))


def _call(dice: random.Random, of: tuple[str, str | None, int], at: datetime, step: str) -> Row:
    name, job, attempt = of
    provider, kind = KINDS.get(step, ("anthropic", "llm"))
    outcome = "failed" if dice.random() < 0.15 else "succeeded"
    usd = None if dice.random() < 0.1 else Decimal(dice.randrange(10**9)) / 10**9
    return f"{name}-{step}", at, at, job, attempt, None, provider, kind, "m", step, outcome, 1, usd


def _edges(season: Season) -> Iterator[Row]:
    """On both sides of midnights, of no job."""
    dice = random.Random(0)  # noqa: S311
    for zone in (*ZONES, *SHARED_HOURS):
        for number in range(90):
            midnight = datetime.combine(season.first + number * DAY, time(), ZoneInfo(zone)).astimezone(UTC)
            for side in (timedelta(0), -timedelta.resolution):
                yield _call(dice, (f"edge-{zone}-{number}-{side}", None, 1), midnight + side, "generate_story")


def fated(url: str) -> pd.DataFrame:
    """Each call with its fate and the job's error code, by pandas from the raw rows."""
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        calls = _frame(connection, "select * from cost_events")
        jobs = _frame(connection, "select id as job_id, status, error_code from jobs")
    calls["succeeded"] = calls["outcome"] == "succeeded"
    calls["place"] = calls["step"].map({step: at for at, step in enumerate(ORDER)})
    pairs = calls[calls["job_id"].notna()].merge(calls, on="job_id", suffixes=("", "_later"))
    pairs = pairs[pairs["attempt_later"] > pairs["attempt"]]
    begun_before = pairs["place_later"] < pairs["place"]
    same = (pairs["step"] == pairs["step_later"]) & (pairs["kind"] == pairs["kind_later"])
    again = same & pairs["succeeded_later"] & (pairs["kind"] != "image")
    replaced = set(pairs.loc[begun_before | again, "event_id"])
    found = calls.merge(jobs, on="job_id", how="left")
    found["fate"] = [_fate(call, replaced=call.event_id in replaced) for call in found.itertuples(index=False)]
    told = (found["status"] == "failed") & found["error_code"].notna()
    found["code"] = found["error_code"].where(told, "")
    return found


def _frame(connection: psycopg.Connection[Any], statement: LiteralString) -> pd.DataFrame:
    found = connection.execute(statement)
    assert found.description is not None
    return pd.DataFrame(found.fetchall(), columns=[column.name for column in found.description], dtype=object)


def _fate(call: Any, *, replaced: bool) -> str:
    if not isinstance(call.status, str):
        return "unallocated" if call.succeeded else "call_failed"
    if call.status in {"failed", "cancelled"}:
        return "refused" if str(call.error_code).startswith("SAFETY") else str(call.status)
    if not call.succeeded:
        return "call_failed"
    if replaced:
        return "again"
    return "used" if call.status == "done" else "open"
