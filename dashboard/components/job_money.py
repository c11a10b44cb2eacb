"""What a job cost by attempt and step, and which part of it bought nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

import streamlit as st

from dashboard import discretion, fetch
from dashboard.components import summary, tables
from dashboard.components.formatting import money, percent, plain
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries import costs, job_money, job_story
from queries.job_models import Calls, CallSum
from queries.models import Job, MoneySource, Spend

_AMOUNTS = frozenset({"usd", "wasted"})


def title() -> str:
    """What the panel tells this person."""
    return t("Money") if discretion.money_shown() else t("Provider calls")


def show(job: Job) -> None:
    """By the ledger, else by the price list; only the calls where money is hidden. Raises DatabaseError."""
    answer = fetch.database(job_story.calls, job.id)
    if not discretion.money_shown():
        _calls_alone(answer.value, job.status, summary.source(answer))
    elif answer.value is None:
        by_price_list(fetch.database(costs.spent_by_job, settings().price_history, (job.id,)).value.get(job.id))
    else:
        by_ledger(answer.value, job.status, summary.source(answer))


def by_ledger(calls: Sequence[Calls], status: str, source: str) -> None:
    """The ledger's money: the total and its wasted part in words, then the sums."""
    if not calls:
        st.markdown(f":gray[{t('No provider call of this job is in the ledger.')}]")
        return
    sums = job_money.sums(calls, status)
    st.markdown(_headline(sums))
    _table(sums)
    st.caption(f"{source} · {_definition(status)}")


def _calls_alone(calls: Sequence[Calls] | None, status: str, source: str) -> None:
    if calls is None:
        st.markdown(f":gray[{t('Not offered by this service, which keeps no ledger.')}]")
    elif not calls:
        st.markdown(f":gray[{t('No provider call of this job is in the ledger.')}]")
    else:
        _table(job_money.sums(calls, status))
        st.caption(source)


def by_price_list(spend: Spend | None) -> None:
    """Without a ledger: an estimate that says so, or that nobody knows."""
    if spend is None or spend.source is MoneySource.NONE:
        unknown = t("Not known: this service keeps no ledger, and no prices are set to estimate it by.")
        st.markdown(f":gray[{unknown}]")
        return
    told = t("**{usd}** estimated from the price list, for the latest attempt.", usd=plain(money(spend.usd)))
    st.markdown(told)
    notes = [t("This service keeps no ledger: what earlier attempts cost and wasted is not known.")]
    if spend.unpriced:
        notes.insert(0, _unpriced(spend.unpriced))
    st.caption(" · ".join(notes))


def _headline(sums: Sequence[CallSum]) -> str:
    total, wasted = _usd(one.usd for one in sums), _usd(one.wasted for one in sums)
    parts = [t("**{usd}** in all", usd=plain(money(total)))]
    if wasted:
        share = percent(float(wasted / total), digits=0) if total else ""
        parts.append(t("**{usd} wasted** ({share})", usd=plain(money(wasted)), share=share))
    else:
        parts.append(t("nothing wasted"))
    unpriced = sum(one.unpriced for one in sums)
    return " · ".join([*parts, *_attempts(sums), *([_unpriced(unpriced)] if unpriced else [])])


def _attempts(sums: Sequence[CallSum]) -> list[str]:
    """The money of each attempt, where there were several."""
    by_attempt = {number: list(own) for number, own in groupby(sums, key=lambda one: one.attempt)}
    if len(by_attempt) == 1:
        return []
    return [t("attempt {n}: {usd}", n=number, usd=plain(_cost(own))) for number, own in by_attempt.items()]


def _cost(sums: Sequence[CallSum]) -> str:
    """The money, where any of the calls has a price."""
    if all(one.unpriced == one.number for one in sums):
        return t("unpriced")
    return money(_usd(one.usd for one in sums))


def _unpriced(number: int) -> str:
    return tn("{n} call unpriced", "{n} calls unpriced", number)


def _definition(status: str) -> str:
    if status in job_money.FRUITLESS:
        return t("Wasted is all of it, since no book came of it; a retry goes on from what is paid for.")
    return t(
        "Wasted is what failed calls cost, and what a later attempt bought again."
        " Images are kept from attempt to attempt, unless one began before them."
    )


def _table(sums: Sequence[CallSum]) -> None:
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "attempt": number(t("Attempt"), width=70),
        "step": text(t("Step"), width=190),
        "usd": text(t("Cost"), width=80, alignment="right"),
        "wasted": text(t("Wasted"), width=80, alignment="right"),
        "calls": number(t("Calls"), width=65),
        "failed": number(t("Failed"), width=65),
        "unpriced": number(t("Unpriced"), width=75),
        "provider": text(t("Provider"), width=130),
        "kind": text(t("Kind"), width=80),
    }
    if not discretion.money_shown():
        columns = {name: one for name, one in columns.items() if name not in _AMOUNTS}
    tables.table([_row(one) for one in sums], columns, alt=t("Provider calls by attempt, step and provider"))


def _row(one: CallSum) -> dict[str, Any]:
    return {
        "attempt": one.attempt,
        "step": one.step,
        "provider": one.provider,
        "kind": one.kind,
        "calls": one.number,
        "failed": one.failed,
        "unpriced": one.unpriced,
        "usd": _cost([one]),
        "wasted": money(one.wasted) if one.wasted else "",
    }


def _usd(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
