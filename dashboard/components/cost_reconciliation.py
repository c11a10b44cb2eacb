"""Whether ledger, Prometheus and a provider's invoice tell of the same money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import streamlit as st

from dashboard.components import charts, cost_accounts, cost_comparison, usage_words
from dashboard.components.cost_accounts import ESTIMATE, Account, Counted, Period, Recorded
from dashboard.components.formatting import ago, clock, duration, percent
from dashboard.components.notices import guarded, tell
from dashboard.components.usage_span import Days
from dashboard.i18n import t, tn
from queries import invoice, reconciliation
from queries.errors import OpsError
from queries.invoice import InvoiceLine

UPLOAD = "cost-invoice"
SAMPLE = "provider,month,amount\nExample Images,{month},1234.56\nExample Texts,{month},78.90\n"


def show(days: Days) -> None:
    """What does not answer says so; what else there is, is compared."""
    charts.title(t("Do the accounts agree?"), t("by provider, {days}", days=usage_words.days(days)))
    periods = cost_accounts.of_days(days)
    if periods:
        _of_sources(days, periods)
    else:
        st.markdown(f":gray[{t('The first hour of these days is not over yet.')}]")
    _of_invoice(days)


def _of_sources(days: Days, periods: Sequence[Period]) -> None:
    known, counted = _recorded(periods, days.zone), _counted(periods)
    if known is not None and counted is not None:
        _compared(known, [counted.account], f"accounts-{days.first}-{days.last}.csv")
        st.caption(" · ".join(_notes(days, periods, known, counted)))


def _of_invoice(days: Days) -> None:
    st.markdown(f"**{t('With an invoice')}** :gray[{t('by provider and month')}]")
    uploaded = st.file_uploader(
        t("A table of providers, months and amounts in USD, as CSV"),
        type="csv",
        max_upload_size=invoice.MAX_MEGABYTES,
        key=UPLOAD,
    )
    if uploaded is None:
        st.download_button(
            t("A small example"),
            SAMPLE.format(month=f"{days.last:%Y-%m}").encode(),
            "invoice-example.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.caption(t("The file is not stored: it is only kept while this page is open, and nobody else sees it."))
    if uploaded is None:
        return
    lines = guarded(lambda: invoice.parse(uploaded.getvalue()))
    if isinstance(lines, OpsError):
        tell(lines)
    else:
        _of_months(days, lines)


def _of_months(days: Days, lines: Sequence[InvoiceLine]) -> None:
    periods = cost_accounts.of_months((line.month for line in lines), days)
    _left_out(sorted({line.month for line in lines} - {period.month for period in periods}))
    if not periods:
        return
    with st.spinner(t("Reading these months…")):
        known, counted = _recorded(periods, days.zone), _counted(periods)
    if known is None and counted is None:
        st.markdown(f":gray[{t('There is nothing to compare the invoice with.')}]")
        return
    checked = cost_accounts.invoiced(lines, periods)
    _compared(known, [checked] if counted is None else [counted.account, checked], "invoice-compared.csv")
    st.caption(" · ".join(_notes(days, periods, known, counted)))


def _compared(known: Recorded | None, others: Sequence[Account], file_name: str) -> None:
    """An estimate knows no providers: only sums are compared with it, and the others with each other."""
    if known is not None and known.account.name == ESTIMATE:
        _drawn([known.account, *others], f"sums-{file_name}", sums=True)
        known = None
    accounts = [*([] if known is None else [known.account]), *others]
    _drawn(accounts, file_name)


def _drawn(accounts: Sequence[Account], file_name: str, *, sums: bool = False) -> None:
    """Nothing where there is but one account."""
    if len(accounts) > 1:
        each = [Account(one.name, reconciliation.together(one.amounts)) for one in accounts]
        cost_comparison.show(cost_comparison.of(each if sums else accounts), file_name)


def _recorded(periods: Sequence[Period], zone: str) -> Recorded | None:
    """By ledger or estimate; says why there is none, and what an estimate cannot tell."""
    known = guarded(lambda: cost_accounts.recorded(periods, zone))
    if isinstance(known, OpsError):
        tell(known, t("The ledger"))
        return None
    if known is None:
        st.markdown(f":gray[{t('The service keeps no ledger, and no prices are set to estimate by.')}]")
    elif known.account.name == ESTIMATE:
        estimated = t(
            "The service keeps no ledger. Estimates cannot be told apart by provider: only sums compare."
        )
        st.markdown(f":gray[{estimated}]")
    return known


def _counted(periods: Sequence[Period]) -> Counted | None:
    """By Prometheus; says why there is nothing."""
    counted = guarded(lambda: cost_accounts.counted(periods))
    if isinstance(counted, OpsError):
        tell(counted, "Prometheus")
        return None
    if not counted.coverage:
        st.markdown(f":gray[{t('Prometheus scraped no costs of the service in this time.')}]")
        return None
    return counted


def _left_out(months: Sequence[date]) -> None:
    if months:
        named = ", ".join(cost_comparison.month_words(month) for month in months)
        st.markdown(
            f":gray[{t('Not compared, since it is too long ago or yet to come: {months}.', months=named)}]"
        )


def _notes(days: Days, periods: Sequence[Period], known: Recorded | None, counted: Counted | None) -> list[str]:
    """Up to when, of what, and what is missing from which account."""
    until = clock(periods[-1].span.until, days.named_zone, now=days.now)
    notes = [t("Up to {time} in {zone}", time=until, zone=days.zone)]
    if known is not None:
        name = cost_comparison.title(known.account.name)
        notes.append(f"{name}: {usage_words.source(known.reading)}")
        if known.unpriced:
            unpriced = tn(
                "{n} call unpriced, and missing from it", "{n} calls unpriced, and missing from it", known.unpriced
            )
            notes.append(unpriced)
    if counted is not None:
        notes += _scraped(counted)
    return notes


def _scraped(counted: Counted) -> list[str]:
    """How much of the time Prometheus saw."""
    when = ago(counted.at, datetime.now(UTC))
    share = percent(counted.coverage)
    notes = [t("Prometheus: {when}, scraped for {share} of the time", when=when, share=share)]
    if counted.unscraped:
        notes.append(t("not for {time}, of which it may know nothing", time=duration(counted.unscraped)))
    if counted.restarts:
        notes.append(
            tn(
                "{n} counter began anew, by which up to five minutes are lost",
                "{n} counters began anew, by which up to five minutes each are lost",
                counted.restarts,
            )
        )
    return notes
