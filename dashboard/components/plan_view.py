"""A dry run as a person reads it: what will happen, what it costs, what will not happen and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from actions.plans import Caution, Obstacle, Plan, PlannedJob
from dashboard import discretion
from dashboard.components import tables
from dashboard.components.formatting import count, money, plain
from dashboard.connections import settings
from dashboard.i18n import t, tn

NAMED = 200  # rows of a dry run that a person still scrolls through
IN_VIEW = 6  # of them: the reason and the button should be seen without scrolling


def obstacle_words(obstacle: Obstacle, planned: PlannedJob) -> str:
    """Why the action will not be taken on this job."""
    words = {
        Obstacle.NOT_OFFERED: t("This service does not offer it."),
        Obstacle.STATUS: t("It is {status} and not stuck.", status=planned.job.status),
        Obstacle.RETRY_LIMIT: t("It was retried {n} times, which is the limit.", n=settings().retry_limit),
        Obstacle.PROVIDER_DOWN: t("The provider that it needs next is down."),
    }
    return words[obstacle]


def caution_words(caution: Caution) -> str:
    """What to know before taking the action."""
    words = {
        Caution.OVER_DAILY_LIMIT: t("its user has used up today's limit"),
        Caution.COST_UNKNOWN: t("cost not known"),
        Caution.PROVIDER_DOWN_LATER: t("a provider that it needs later is down"),
        Caution.PROVIDER_MAYBE_DOWN: t("a provider is down, and its step does not tell whether it needs it"),
        Caution.REFUSED: t("it was refused for its content, and will probably be refused again"),
        Caution.UPDATED_MOMENTS_AGO: t("it moved moments ago and may be moving on by itself"),
    }
    return words[caution]


def show(plan: Plan, missing: Sequence[str]) -> None:
    """The summary in words, why the others are left out, what to know before; then each job with its verdict."""
    with st.container():
        _shown(plan, missing)


def _shown(plan: Plan, missing: Sequence[str]) -> None:
    st.markdown(_summary(plan))
    for words, number in Counter(_obstacle(one) for one in plan.blocked).most_common():
        st.markdown(
            f":gray[:material/block: {tn('{n} left out: {why}', '{n} left out: {why}', number, why=words)}]"
        )
    for caution, number in Counter(c for one in plan.eligible for c in one.cautions).most_common():
        st.markdown(f":orange[:material/warning:] {_caution_line(plan, caution, number)}")
    if missing:
        gone = tn("{n} job does not exist any more.", "{n} jobs do not exist any more.", len(missing))
        st.markdown(f":gray[:material/block:] {gone}")
    _jobs(plan)


def _summary(plan: Plan) -> str:
    eligible, total = len(plan.eligible), len(plan.jobs)
    of = t("**{n} of {total}**", n=count(eligible), total=count(total))
    if plan.action == "job.cancel":
        if not eligible or not discretion.money_shown():
            return tn(
                "{of} job will be cancelled for good.", "{of} jobs will be cancelled for good.", total, of=of
            )
        return tn(
            "{of} job will be cancelled for good, giving up {usd} already spent.",
            "{of} jobs will be cancelled for good, giving up {usd} already spent.",
            total, of=of, usd=_usd(plan.total_spent),
        )  # fmt: skip
    if plan.total_estimate is None or not discretion.money_shown():
        return tn("{of} job will be retried.", "{of} jobs will be retried.", total, of=of)
    return tn(
        "{of} job will be retried for an estimated {usd}.",
        "{of} jobs will be retried for an estimated {usd}.",
        total, of=of, usd=_usd(plan.total_estimate),
    )  # fmt: skip


def _usd(amount: Decimal | None) -> str:
    return f"**{plain(money(amount))}**"


def _obstacle(one: PlannedJob) -> str:
    return plain(obstacle_words(one.obstacle, one)) if one.obstacle else ""


def _caution_line(plan: Plan, caution: Caution, number: int) -> str:
    if caution is Caution.OVER_DAILY_LIMIT and (users := len(plan.users_over_limit)) > 1:
        why = tn("their user has used up today's limit", "their {n} users have used up today's limit", users)
    else:
        why = caution_words(caution)
    return tn("{n} job: {why}.", "{n} jobs: {why}.", number, why=why)


def _jobs(plan: Plan) -> None:
    ordered = (*plan.blocked, *plan.eligible)[:NAMED]
    text = st.column_config.TextColumn
    columns = {
        "job": text(t("Job"), width=230),
        "usd": text(t("Spent") if plan.action == "job.cancel" else t("Cost"), width=80),
        "verdict": text(t("Will happen"), width=190),
        "today": st.column_config.NumberColumn(t("Today"), help=t("Jobs that its user made today"), width=70),
        "user": text(t("User"), width=100),
    }
    if plan.action == "job.cancel":
        del columns["today"]
    if not discretion.money_shown():
        del columns["usd"]
    rows = [_row(plan, one) for one in ordered]
    tables.table(rows, columns, alt=t("Dry run, one line a job"), most_rows=IN_VIEW)
    if (left := len(plan.jobs) - len(ordered)) > 0:
        st.caption(tn("{n} more is not listed here.", "{n} more are not listed here.", left))


def _row(plan: Plan, one: PlannedJob) -> dict[str, object]:
    will = t("will be cancelled") if plan.action == "job.cancel" else t("will be retried")
    return {
        "job": one.job.id,
        "verdict": will if one.obstacle is None else obstacle_words(one.obstacle, one),
        "usd": money(one.spent if plan.action == "job.cancel" else one.estimated_cost),
        "today": one.owner_jobs_today,
        "user": one.job.user,
    }
