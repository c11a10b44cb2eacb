"""Jobs with everything that a filter may stumble over, and what a filter means told without SQL."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt
from zoneinfo import ZoneInfo

import psycopg

from queries.aliases import Aliases
from queries.job_filter import JobFilter, Moment
from queries.jobs import LOOKBACK
from tests.queries.conftest import run

STATUSES = ("failed", "failed", "failed", "done", "queued", "running", "cancelled", "PAUSED?", "")
KINDS = ("job", "job", "series", "seriesx", "job_extra")
STEPS = ("generate_images", "normalize", "표지 그리는 중...", "a*b", "axb", "back\\slash", "50% _")
CODES = (
    *("IMAGE_TIMEOUT", "IMAGE_FAILED", "IMAGEXFAILED", "SAFETY_INPUT", None, None, "", "none"),
    *("A*B", "AxB", "a\\b", "%", "'; drop table jobs; --", "new\nline", '"quoted"'),
)
MESSAGES = (None, "Provider timed out", "TIMED OUT", "100% _ full", "back\\slash", "재시도 중", "it's", "{0} %s")
USERS = tuple(f"key-{number}" for number in range(7))
ZONE = "Asia/Kathmandu"


@dataclass(frozen=True)
class Row:
    """One job; created and updated are how long before insert() they were, calls are USD or None: no price."""

    id: str
    status: str
    user_key: str
    step: str
    code: str | None
    message: str | None
    retries: int
    created: timedelta
    updated: timedelta
    calls: tuple[Decimal | None, ...]


def rows(number: int = 400) -> list[Row]:
    """Always the same. Times are shared, and stand so that none passes a filter's limit while the tests run."""
    chance = random.Random(7)  # noqa: S311
    made = []
    for place in range(number):
        created = timedelta(minutes=chance.choice((0, 30, 90)) * (place // 2) + 1)
        took = chance.choice((timedelta(0), timedelta(hours=2), timedelta(days=2), timedelta(days=5)))
        prices = chance.choices(
            (None, Decimal("0.1"), Decimal("0.25"), Decimal("0.000000001")), k=chance.randrange(4)
        )
        row = Row(
            id=f"{chance.choice(KINDS)}_20261123_000000_{place:08x}",
            status=chance.choice(STATUSES),
            user_key=chance.choice(USERS),
            step=chance.choice(STEPS),
            code=chance.choice(CODES),
            message=chance.choice(MESSAGES),
            retries=chance.randrange(4),
            created=created,
            updated=max(timedelta(minutes=1), created - took),
            calls=tuple(prices),
        )
        made.append(row)
    return made


def insert(url: str, made: Sequence[Row], *, newer: bool) -> datetime:
    """Into either deployment's tables; the older one's own rows go. Answers when that was."""
    columns = "id, status, user_key, current_step, error_code, error_message, progress, created_at, updated_at"
    values = "%s, %s, %s, %s, %s, %s, 0, timezone('utc', now()) - %s, timezone('utc', now()) - %s"
    run(url, "truncate jobs")
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"insert into jobs ({columns}) values ({values})".encode(),  # noqa: S608
            [(r.id, r.status, r.user_key, r.step, r.code, r.message, r.created, r.updated) for r in made],
        )
        if newer:
            cursor.executemany("update jobs set retry_count = %s where id = %s", [(r.retries, r.id) for r in made])
            calls = [(f"{r.id}/{n}", r.id, n, usd) for r in made for n, usd in enumerate(r.calls)]
            cursor.executemany(
                "insert into cost_events (event_id, occurred_at, job_id, attempt, provider, kind, model, step,"
                " outcome, units, cost_usd) values (%s, now(), %s, %s, 'p', 'llm', 'm', 's', 'failed', 1, %s)",
                calls,
            )
        (at,) = connection.execute("select now()").fetchone() or ()
    return at


def aware(url: str) -> None:
    """Another deployment's types: timestamptz, in a database that lives in another zone."""
    for name in ("created_at", "updated_at"):
        run(url, f"alter table jobs alter {name} drop default")
        run(url, f"alter table jobs alter {name} type timestamptz using {name} at time zone 'UTC'")
    run(url, f"alter database {url.rsplit('/', 1)[1]} set timezone to 'America/New_York'")


def expected(made: Sequence[Row], wanted: JobFilter, now: datetime, aliases: Aliases) -> list[str]:
    """The ids of the jobs that the filter means, newest created first."""
    found = [row for row in made if matches(row, wanted, now, aliases)]
    # created is an age, and one statement inserted them: equal ages are equal instants.
    return [
        row.id for row in sorted(sorted(found, key=lambda row: row.id, reverse=True), key=lambda row: row.created)
    ]


def matches(row: Row, wanted: JobFilter, now: datetime, aliases: Aliases) -> bool:
    """Said anew, without SQL."""
    code = row.code or ""
    usd = sum((usd for usd in row.calls if usd is not None), Decimal(0))
    priced = not row.calls or any(usd is not None for usd in row.calls)
    created, updated = now - row.created, now - row.updated
    since, until, created_since, created_until = (
        None if moment is None else at(moment, now)
        for moment in (wanted.since, wanted.until, wanted.created_since, wanted.created_until)
    )
    return all(
        (
            not wanted.ids or any(like(row.id, one) for one in wanted.ids),
            not wanted.users or aliases.alias(row.user_key) in wanted.users,
            not wanted.statuses or row.status in wanted.statuses,
            not wanted.kinds or any(row.id.startswith(f"{kind}_") for kind in wanted.kinds),
            not wanted.steps or any(like(row.step, one) for one in wanted.steps),
            not wanted.errors
            or any(code == "" if one == "none" else like(row.code, one) for one in wanted.errors),
            not wanted.texts or any(text.lower() in (row.message or "").lower() for text in wanted.texts),
            since is None or (updated >= since and created >= since - LOOKBACK),
            until is None or updated < until,
            created_since is None or created >= created_since,
            created_until is None or created < created_until,
            compared(Decimal(row.retries + 1), wanted.attempts),
            not wanted.cost or (priced and compared(usd, wanted.cost)),
        )
    )


def at(moment: Moment, now: datetime) -> datetime:
    if isinstance(moment, timedelta):
        return now - moment
    if isinstance(moment, time):
        today = now.astimezone(ZoneInfo(ZONE)).date()
        return datetime.combine(today, moment, ZoneInfo(ZONE)).astimezone(UTC)
    return moment


def like(text: str | None, pattern: str) -> bool:
    """A pattern's backslash takes the next character as it is, a star stands for anything."""
    signs = re.findall(r"\\(.)|(.)", pattern, re.DOTALL)
    written = "".join(".*" if sign == "*" else re.escape(taken or sign) for taken, sign in signs)
    return text is not None and re.fullmatch(written, text, re.DOTALL) is not None


def compared(number: Decimal, comparisons: Sequence[object]) -> bool:
    operators: dict[str, Callable[[Decimal, Decimal], bool]] = {"<": lt, "<=": le, "=": eq, ">=": ge, ">": gt}
    held = [(one.operator, operators[one.operator](number, one.value)) for one in comparisons]  # type: ignore[attr-defined]
    equal = [is_so for operator, is_so in held if operator == "="]
    return (not equal or any(equal)) and all(is_so for operator, is_so in held if operator != "=")
