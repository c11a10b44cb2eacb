"""Who used how much on which day: the heaviest users of the chosen days, day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from dashboard import usage_totals
from dashboard.components import charts, heatmap, usage_limit, usage_words
from dashboard.components.formatting import count
from dashboard.components.usage_now import MINUTE, UsageNow
from dashboard.components.usage_span import Days
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries.aliases import shown

# A screen of rows; and two weeks tell one person's habit.
USERS, LEAST_DAYS = 25, 14

Cells = Mapping[tuple[str, date], int]


def show(now: UsageNow) -> None:
    """Raises DatabaseError."""
    digests = tuple(user.digest for user in now.users[:USERS] if user.tally.jobs)
    if not digests:
        return
    days = now.days.back(LEAST_DAYS)
    found = usage_totals.by_user_and_day(days.span, days.zone, digests, ttl=MINUTE)
    jobs = {(one.digest, one.day): one.tally.jobs for one in found.days if one.tally.jobs}
    limits = _limits(days)
    charts.title(t("Day by day"), t("jobs of the {n} heaviest users", n=count(len(digests))))
    heatmap.show(
        [shown(digest) for digest in digests],
        [f"{day:%m-%d}" for day in days.each()],
        [[jobs.get((digest, day)) for day in days.each()] for digest in digests],
        marked=_marked(digests, days, jobs, limits),
        mark=t("at the limit of that day, or above"),
        hovers=_hovers(digests, days, jobs, limits),
        alt=_alt(digests, days, jobs),
        key="usage-heatmap",
    )
    charts.below(days.named_zone, usage_words.source(found.reading))


def _limits(days: Days) -> Mapping[date, int]:
    """The limit of each day, its highest; none where it is not known, or these are not the days it counts in."""
    limit = usage_limit.ask() if days.zone == settings().service_timezone else None
    if limit is None:
        return {}
    return {day: limit.highest(usage_totals.day_span(day, days.zone)) for day in days.each()}


def _marked(digests: Sequence[str], days: Days, jobs: Cells, limits: Mapping[date, int]) -> set[tuple[int, int]]:
    return {
        (row, column)
        for row, digest in enumerate(digests)
        for column, day in enumerate(days.each())
        if day in limits and jobs.get((digest, day), 0) >= max(limits[day], 1)
    }


def _hovers(
    digests: Sequence[str], days: Days, jobs: Cells, limits: Mapping[date, int]
) -> Sequence[Sequence[str]]:
    return [[_hover(digest, day, jobs, limits) for day in days.each()] for digest in digests]


def _hover(digest: str, day: date, jobs: Cells, limits: Mapping[date, int]) -> str:
    made = tn("{n} job", "{n} jobs", jobs.get((digest, day), 0))
    limit = t(" of {limit}", limit=count(limits[day])) if day in limits else ""
    return f"{shown(digest)}<br>{usage_words.day(day)}: {made}{limit}"


def _alt(digests: Sequence[str], days: Days, jobs: Cells) -> str:
    heaviest = ((sum(jobs.get((digest, day), 0) for day in days.each()), digest) for digest in digests)
    told = "; ".join(f"{shown(digest)} {count(number)}" for number, digest in heaviest)
    return t("Jobs by user and day, together: {users}", users=told)
