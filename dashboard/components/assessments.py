"""From answers and thresholds to verdicts: one function a question, pure but for the language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from dashboard import discretion, links
from dashboard.components import outages
from dashboard.components.formatting import Zone, ago, clock, count, duration, money, percent, plain
from dashboard.components.verdicts import Link, State, Verdict
from dashboard.i18n import t, tn
from dashboard.situation import Notes
from queries.errors import NotConfigured, OpsError
from queries.models import (
    MoneySource,
    OpenJobs,
    Outcomes,
    Provider,
    Spend,
    StuckJobs,
    StuckRule,
    StuckRules,
    Thresholds,
)


def unavailable(what: str, error: OpsError) -> Verdict:
    """A source that could not be asked: never the look of an empty system."""
    state = State.NOT_OFFERED if isinstance(error, NotConfigured) else State.UNAVAILABLE
    return Verdict(state, t("{what}: not known.", what=what), plain(outages.brief(error)))


def monitor_is_dead(last_run: datetime | None, stuck: StuckJobs, rules: StuckRules) -> bool:
    """True when the last run is too old, or a job outlived what a living monitor would have ended."""
    overdue = any(hit.rule is StuckRule.MONITOR_DEAD for job in stuck.jobs for hit in job.hits)
    return overdue or (last_run is not None and stuck.now - last_run > 2 * rules.monitor_tick)


def monitor(last_run: datetime | None, stuck: StuckJobs, rules: StuckRules, zone: Zone) -> Verdict:
    """Whether the service's own job monitor still cleans up."""
    if not monitor_is_dead(last_run, stuck, rules):
        if last_run is None:
            return Verdict(State.NO_DATA, t("Job monitor: no sign of it, and nothing that it should have ended."))
        return Verdict(State.OK, t("job monitor ran {ago}", ago=ago(last_run, stuck.now)))
    if last_run is None:
        since = t("The job monitor seems dead: it left jobs that it should have ended.")
    else:
        since = t(
            "The job monitor has not run since {time} ({ago}).",
            time=clock(last_run, zone, now=stuck.now),
            ago=ago(last_run, stuck.now),
        )
    return Verdict(
        State.CRITICAL, since, t("Start it again on the service's side; until then, retry by hand what is stuck.")
    )


def stuck(
    found: StuckJobs, snoozed: frozenset[str], watch: Verdict, limits: Thresholds, *, alone: bool = True
) -> Verdict:
    """How many jobs are stuck and for how long; snoozed ones are somebody's already.

    watch is monitor()'s verdict; alone when it is not shown beside, and the list is on another page.
    """
    awake = [one for one in found.jobs if one.job.id not in snoozed]
    total = found.total - (len(found.jobs) - len(awake))
    aside = tn("{n} more is snoozed.", "{n} more are snoozed.", len(snoozed)) if snoozed else ""
    if total < limits.stuck_warning:
        return Verdict(State.OK, t("no job stuck") + (f" ({aside.rstrip('.')})" if aside else ""))
    longest = max((found.now - one.since for one in awake), default=None)
    headline = tn("{n} job stuck", "{n} jobs stuck", total)
    if longest is not None:
        headline = t("{jobs} for up to {duration}", jobs=headline, duration=duration(longest))
    dead = watch.state is State.CRITICAL
    why = _prospect(watch, alone=alone)
    state = State.CRITICAL if dead or total >= limits.stuck_critical else State.WARNING
    review = Link("stuck", tn("Review {n} job", "Review {n} jobs", total)) if alone else None
    return Verdict(state, headline + ".", " ".join(part for part in (why, aside) if part), review)


def _prospect(watch: Verdict, *, alone: bool) -> str:
    """Whether the stuck jobs will be recovered without anybody's doing."""
    match watch.state:
        case State.CRITICAL:
            return " ".join([*([watch.headline] if alone else []), t("Nothing recovers by itself.")])
        case State.OK:
            return t("The job monitor runs and should recover them at its next tick.")
        case _:
            return t("Whether the job monitor runs is not known.")


def queue(now: OpenJobs, limit: int | None, limits: Thresholds) -> Verdict:
    """How full the queue is against the service's own limit."""
    waiting = tn("{n} job waits", "{n} jobs wait", now.queued)
    if now.oldest_queued_at is not None:
        waiting = t(
            "{jobs}, the oldest for {duration}", jobs=waiting, duration=duration(now.now - now.oldest_queued_at)
        )
    if not limit:
        return Verdict(State.OK, t("queue {n}", n=count(now.queued)))
    share = now.queued / limit
    if share <= limits.queue_warning:
        return Verdict(State.OK, t("queue {n} of {limit}", n=count(now.queued), limit=count(limit)))
    state = State.CRITICAL if share >= limits.queue_critical else State.WARNING
    detail = (
        t("New books are refused until it drains.")
        if state is State.CRITICAL
        else t("At {limit} the service refuses new books.", limit=count(limit))
    )
    return Verdict(state, t("Queue {share} full: {jobs}.", share=percent(share, digits=0), jobs=waiting), detail)


def success(outcomes: Outcomes, failures: tuple[tuple[str, int], ...], limits: Thresholds) -> Verdict:
    """The success rate of the last hour; refusals are not counted, and nothing finished is no data."""
    rate, finished = outcomes.success_rate, outcomes.done + outcomes.failed
    if rate is None:
        return Verdict(State.NO_DATA, t("Success rate: no job finished in the last hour."))
    said = t("success {rate} of {n}", rate=percent(rate), n=count(finished))
    if finished < limits.success_minimum_jobs or rate >= limits.success_warning:
        return Verdict(State.OK, said)
    state = State.CRITICAL if rate < limits.success_critical else State.WARNING
    causes = ", ".join(f"{plain(code) or t('no error code')} ({count(number)})" for code, number in failures[:3])
    return Verdict(
        state,
        t("Only {rate} of {n} books succeeded in the last hour.", rate=percent(rate), n=count(finished)),
        t("Most failed by {causes}.", causes=causes) if causes else "",
        Link("jobs", t("Show what failed"), {links.QUERY: "status:failed since:1h"}),
    )


def spend(today: Spend, usual: Decimal | None, limits: Thresholds) -> Verdict:
    """Today's money against the daily thresholds, beside what this weekday usually costs by now."""
    if today.usd is None:
        return Verdict(
            State.NOT_OFFERED, t("Spend: not offered by this service, which keeps no ledger."),
            t("Set prices (OPS_PRICE_PER_IMAGE, OPS_PRICE_PER_LLM_CALL) to see an estimate."),
        )  # fmt: skip
    if not discretion.money_shown():
        return _spend_untold(today.usd, limits)
    estimated = t("estimated") if today.source is MoneySource.ESTIMATED else ""
    said = " ".join(part for part in (money(today.usd), estimated) if part)
    unpriced = tn("{n} call is unpriced.", "{n} calls are unpriced.", today.unpriced) if today.unpriced else ""
    usually = t("Usual for this weekday and hour: {usd}.", usd=money(usual)) if usual is not None else ""
    if today.usd < limits.daily_cost_warning:
        aside = f" ({unpriced.rstrip('.')})" if unpriced else ""
        return Verdict(State.OK, t("{usd} spent today", usd=said) + aside)
    state = State.CRITICAL if today.usd >= limits.daily_cost_critical else State.WARNING
    crossed = limits.daily_cost_critical if state is State.CRITICAL else limits.daily_cost_warning
    return Verdict(
        state,
        t("{usd} spent today, over the threshold of {limit}.", usd=said, limit=money(crossed)),
        " ".join(part for part in (usually, unpriced) if part),
        Link("costs", t("Look at the costs")),
    )


def _spend_untold(usd: Decimal, limits: Thresholds) -> Verdict:
    """Whether something must be done, which is no amount."""
    if usd < limits.daily_cost_warning:
        return Verdict(State.OK, t("spend below its threshold"))
    state = State.CRITICAL if usd >= limits.daily_cost_critical else State.WARNING
    return Verdict(state, t("Today's spend is over its threshold."), t("Tell somebody who may see amounts."))


def providers(states: Sequence[Provider]) -> Verdict:
    """Whether a provider's breaker is open: then retrying only burns attempts."""
    if not states:
        return Verdict(State.NO_DATA, t("Providers: no metrics yet."))
    broken = [one for one in states if one.breaker in ("open", "half_open")]
    if not broken and any(one.breaker != "closed" for one in states):
        return Verdict(State.NO_DATA, t("Providers: whether they answer is not known."))
    if not broken:
        return Verdict(State.OK, t("providers answering"))
    names = ", ".join(plain(one.name) for one in broken)
    headline = tn("Provider {names} is failing.", "Providers {names} are failing.", len(broken), names=names)
    if all(one.breaker == "half_open" for one in broken):
        waiting = t("The circuit breaker is half open: the next call is a trial. Wait until it closes.")
        return Verdict(State.WARNING, headline, waiting)
    outage = t("The circuit breaker is open: a retry that needs it would fail. Wait until it closes.")
    return Verdict(State.CRITICAL, headline, outage)


def notes(found: Notes) -> list[Verdict]:
    """A word where notes and snoozes cannot be read, so that nobody takes their absence for silence."""
    return [] if found.error is None else [unavailable(t("Notes and snoozes"), found.error)]
