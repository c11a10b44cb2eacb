"""Makes a week's numbers, by the functions that the Costs page shows them with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from dashboard import connections, cost_totals, fetch, usage_totals
from dashboard.components import cost_change, cost_users
from dashboard.components.cost_now import COURSE_DAYS, HISTORY_DAYS
from dashboard.components.cost_users import Spending
from dashboard.components.usage_now import MINUTE
from dashboard.components.usage_span import ONE_DAY, Days
from dashboard.report.numbers import JudgedDay, KindUsd, Numbers, Users, UserUsd, WeekSums
from dashboard.report.weeks import Week
from queries import cost_anomaly, cost_jobs, day_course, forecast, unit_costs, waste
from queries.cost_models import CostDay, DayUsd
from queries.forecast import MonthForecast
from queries.models import MoneySource, Outcomes
from queries.usage_models import KindDay, Span, total

# The week's own, and so many before it, to see whether it is like them.
WEEKS_SHOWN = 5
# What a manager reads.
TOP = 5


def numbers(week: Week, zone: str, now: datetime) -> Numbers:
    """Of a week that has begun, in days of zone (IANA name), as of now. Raises DatabaseError."""
    here, days, before = connections.settings(), _days(week, zone, now), _days(week.before, zone, now)
    span, both = week.span(zone), usage_totals.range_span(week.before.first, week.last, zone)
    found = cost_totals.by_day(_shown(week, zone), zone, ttl=MINUTE)
    parts = [one for one in found.days if one.day >= week.first]
    kinds = usage_totals.by_kind_and_day(both, zone, ttl=MINUTE).days
    past = cost_totals.total_by_day(_history(week, zone), zone, ttl=MINUTE).days
    money = found.source is not MoneySource.NONE
    spending = cost_users.ask(days)
    return Numbers(
        week=week.name,
        zone=zone,
        first=week.first,
        last=week.last,
        until=min(span.until, now),
        finished=week.is_over(zone, now),
        environment=here.environment,
        source=found.source,
        this=_sums(week, parts, kinds, spending),
        before=_sums(week.before, _of(week.before, found.days), kinds, cost_users.ask(before)),
        days=_by_kind(found.days),
        judged=tuple(_judged(one, past) for one in week.days() if money and one < _today(days)),
        limits=here.thresholds,
        budget=here.budget,
        forecast=_forecast(days, past) if money else None,
        change=cost_change.ask(days).change if money else None,
        waste_codes=waste.by_code(parts),
        waste_providers=waste.by_provider(parts),
        waste_steps=waste.by_step(parts),
        users=_users(spending) if money else None,
        jobs=_jobs(span) if money else (),
    )


def _days(week: Week, zone: str, now: datetime) -> Days:
    return Days(week.first, week.last, zone, now.astimezone(ZoneInfo(zone)).date(), now)


def _shown(week: Week, zone: str) -> Span:
    return usage_totals.range_span(week.back(WEEKS_SHOWN - 1).first, week.last, zone)


def _history(week: Week, zone: str) -> Span:
    return usage_totals.range_span(week.last - HISTORY_DAYS * ONE_DAY, week.last, zone)


def _today(days: Days) -> date:
    """The first day of which not all is known."""
    return min(days.today, days.last + ONE_DAY)


def _of(week: Week, found: Sequence[CostDay]) -> list[CostDay]:
    return [one for one in found if week.first <= one.day <= week.last]


def _sums(week: Week, parts: Sequence[CostDay], kinds: Sequence[KindDay], spending: Spending) -> WeekSums:
    tally = total(one.tally for one in kinds if week.first <= one.day <= week.last)
    units = unit_costs.unit_costs(parts, tally.done)
    known = spending.source is not MoneySource.NONE
    outcomes = Outcomes(tally.done, tally.failed, tally.refused, tally.cancelled)
    return WeekSums(
        usd=units.usd if known else None,
        direct_usd=units.direct_usd,
        wasted_usd=sum(units.wasted.values(), Decimal(0)),
        open_usd=units.open_usd,
        unallocated_usd=units.unallocated_usd,
        loaded=units.loaded if known else None,
        direct=units.direct if known else None,
        waste_share=waste.share(parts),
        unpriced=units.unpriced,
        jobs=tally.jobs,
        done=tally.done,
        failed=tally.failed,
        refused=tally.refused,
        cancelled=tally.cancelled,
        success_rate=outcomes.success_rate,
        users=sum(one.tally.jobs > 0 for one in spending.users),
    )


def _by_kind(found: Sequence[CostDay]) -> tuple[KindUsd, ...]:
    sums: dict[tuple[date, str], Decimal] = {}
    for one in found:
        key = one.day, one.part.kind
        sums[key] = sums.get(key, Decimal(0)) + one.tally.usd
    return tuple(KindUsd(day, kind, usd) for (day, kind), usd in sorted(sums.items()))


def _judged(day: date, past: Sequence[DayUsd]) -> JudgedDay:
    """Against the days before it only, so that it is judged alike whenever that is done."""
    here, before = connections.settings(), [one for one in past if one.day < day]
    usd = _usd(past, day)
    found = cost_anomaly.judge(before, day, usd, least_usd=here.anomaly_least_usd)
    return JudgedDay(
        day=day,
        usd=usd,
        usual=day_course.weekday_median(before, day),
        unusual=found is not None and found.unusual,
        over=usd > here.daily_cost_warning,
    )


def _usd(past: Sequence[DayUsd], day: date) -> Decimal:
    return next((one.usd for one in past if one.day == day), Decimal(0))


def _forecast(days: Days, past: Sequence[DayUsd]) -> MonthForecast:
    """Of the month with the week's last day, or with today where the week goes on."""
    last = min(days.last, days.today)
    closed = [one for one in past if one.day < last]
    budget = connections.settings().budget
    return forecast.month(closed, today=last, spent_today=_usd(past, last), day_share=_share(days), budget=budget)


def _share(days: Days) -> float:
    """How much of the last day's money is spent."""
    if not days.unfinished:
        return 1.0
    span = Span(days.now - timedelta(days=COURSE_DAYS), days.now.astimezone(UTC))
    return day_course.share_by_now(cost_totals.by_hour(span, ttl=MINUTE).hours, days.now, days.zone)


def _users(spending: Spending) -> Users:
    top, others = spending.users[:TOP], cost_users.together(spending.users[TOP:])
    return Users(
        top=tuple(UserUsd(one.alias, one.tally.jobs, one.usd) for one in top),
        others=len(spending.users) - len(top),
        others_jobs=others.tally.jobs,
        others_usd=others.usd,
        nobody_usd=spending.nobody.usd,
    )


def _jobs(span: Span) -> tuple[cost_jobs.JobCost, ...]:
    prices = connections.settings().price_history
    most = fetch.database(cost_jobs.most_expensive, prices, since=span.since, until=span.until, limit=TOP)
    return most.value
