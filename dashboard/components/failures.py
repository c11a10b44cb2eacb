"""What fails, since when and what it has in common, in words: the verdict of the Jobs page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from dashboard import fetch, links
from dashboard.components import assessments
from dashboard.components.chart_lines import floored
from dashboard.components.failure_matrix import code_words
from dashboard.components.formatting import Zone, ago, clock, count, duration, plain
from dashboard.components.notices import guarded
from dashboard.components.query_text import Asked
from dashboard.components.verdicts import Link, State, Verdict
from dashboard.connections import settings
from dashboard.fetch import Fetched
from dashboard.i18n import t, tn
from queries import causes as in_common
from queries import failures, job_language, releases
from queries.causes import Cause, Causes
from queries.errors import OpsError
from queries.failures import DAY, FailureMatrix, FailureRow
from queries.job_filter import JobFilter, exactly
from queries.releases import Release

# What fails is asked as often as the list is; releases come by the day.
RELEASES_KEPT = timedelta(minutes=5)
RELEASES_STEP = timedelta(minutes=5)
WEEK = timedelta(days=7)
# More than a person reads at the top of a page.
NAMED = 3
NEW_LEAST = 3
# A failure that begins later than this after a release has another cause.
AFTER_RELEASE = timedelta(hours=6)


def matrix(now: Asked) -> Fetched[FailureMatrix]:
    """Failures by code and window, of the users, steps and so on that were asked for. Raises DatabaseError."""
    return fetch.database(failures.matrix, now.filter, timezone=settings().timezone)


def codes() -> tuple[str, ...]:
    """The error codes of the last week, to choose from; none where the database cannot tell."""
    answer = guarded(lambda: fetch.database(failures.matrix, JobFilter(), timezone=settings().timezone))
    return () if isinstance(answer, OpsError) else tuple(exactly(row.code) for row in answer.value.rows)


def causes(filter: JobFilter) -> Fetched[Causes]:
    """What the jobs of the filter have in common. Raises DatabaseError."""
    return fetch.database(in_common.causes, filter, timezone=settings().timezone)


def recent_releases() -> tuple[Release, ...]:
    """The releases of the last week, oldest first; none where Prometheus cannot tell."""
    end = floored(datetime.now(UTC), RELEASES_KEPT)
    answer = guarded(
        lambda: fetch.prometheus(releases.releases, end - WEEK, end, RELEASES_STEP, ttl=RELEASES_KEPT)
    )
    return () if isinstance(answer, OpsError) else answer.value


def verdicts(now: Asked, zone: Zone) -> list[Verdict]:
    """On what was searched for: what it has in common. Without a search: what is new or rising."""
    if now.text:
        found = guarded(lambda: causes(now.filter))
        return [
            assessments.unavailable(t("Failures"), found) if isinstance(found, OpsError) else _common(found, zone)
        ]
    answer = guarded(lambda: matrix(now))
    if isinstance(answer, OpsError):
        return [assessments.unavailable(t("Failures"), answer)]
    loud = [row for row in answer.value.rows if _is_loud(row)]
    return [*(_loud(row, answer.value.now, zone) for row in loud[:NAMED]), _rest(answer.value, loud)]


def _is_loud(row: FailureRow) -> bool:
    """Refusals are no faults, and a new code that came once or twice is only marked in the matrix."""
    return not row.refusal and (row.rising or (row.new and row.of(DAY) >= NEW_LEAST))


def _loud(row: FailureRow, now: datetime, zone: Zone) -> Verdict:
    wanted = JobFilter(statuses=("failed",), errors=(exactly(row.code),), since=DAY)
    number = row.of(DAY)
    code = plain(code_words(row.code))
    if row.new:
        headline = tn(
            "{code} is new: {n} failure in 24 hours.",
            "{code} is new: {n} failures in 24 hours.",
            number,
            code=code,
        )
    else:
        headline = tn(
            "{code} is rising: {n} failure in 24 hours.",
            "{code} is rising: {n} failures in 24 hours.",
            number,
            code=code,
        )
    found = guarded(lambda: causes(wanted))
    detail = "" if isinstance(found, OpsError) else _told(found.value, now, zone)
    asked = {links.QUERY: job_language.printed(wanted, zone.info)}
    link = Link("jobs", tn("Show {n} job", "Show {n} jobs", number), asked)
    return Verdict(State.WARNING, headline, detail, link)


def _rest(matrix: FailureMatrix, loud: Sequence[FailureRow]) -> Verdict:
    day = matrix.totals[failures.WINDOWS.index(DAY)]
    told = tn("{n} job failed in 24 hours", "{n} jobs failed in 24 hours", day)
    calm = "" if loud else t(", no error code is new or rising")
    return Verdict(State.OK, told + calm)


def _common(found: Fetched[Causes], zone: Zone) -> Verdict:
    value = found.value
    number = count(value.jobs.number)
    told = t("more than {n} jobs", n=number) if value.jobs.capped else tn("{n} job", "{n} jobs", value.jobs.number)
    if value.first_failed_at is None:
        return Verdict(State.OK, t("{jobs} found, none of them failed", jobs=told))
    named = _most(_named(value.errors), value.jobs.number)
    headline = t("{jobs} found: {errors}.", jobs=told, errors=named) if named else t("{jobs} found.", jobs=told)
    return Verdict(State.WARNING, headline, _told(value, found.at, zone))


def _told(found: Causes, now: datetime, zone: Zone) -> str:
    """Where, at which provider, whose, since when and after which release."""
    number = found.jobs.number
    parts = [
        t("At {steps}.", steps=steps) if (steps := _most(found.steps, number)) else "",
        t("Failed calls at {providers}.", providers=names) if (names := _most(found.providers, number)) else "",
        t("Kind of work: {kinds}.", kinds=kinds) if (kinds := _most(found.kinds, number)) else "",
        _since(found, now, zone),
    ]
    return " ".join(filter(None, parts))


def _named(errors: Iterable[Cause] | None) -> list[Cause]:
    return [Cause(code_words(one.value), one.jobs) for one in errors or ()]


def _most(values: Iterable[Cause] | None, total: int) -> str:
    """The most frequent ones: "IMAGE_FAILED (all)", "IMAGE_FAILED (80), LLM_TIMEOUT (4)"."""
    named = [one for one in values or () if one.value][:NAMED]
    return ", ".join(f"{plain(one.value)} ({t('all') if one.jobs == total else count(one.jobs)})" for one in named)


def _since(found: Causes, now: datetime, zone: Zone) -> str:
    if found.first_failed_at is None or found.last_failed_at is None:
        return ""
    first = clock(found.first_failed_at, zone, now=now)
    last = ago(found.last_failed_at, now)
    before = [one for one in recent_releases() if one.at <= found.first_failed_at]
    if before and (later := found.first_failed_at - before[-1].at) <= AFTER_RELEASE:
        return t(
            "First {first}, {later} after release {version}; last {last}.",
            first=first, later=duration(later), version=plain(before[-1].version), last=last,
        )  # fmt: skip
    return t("First {first}, last {last}.", first=first, last=last)
