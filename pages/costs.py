"""What do we spend, why did it change, where does the month end?"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard import auth
from dashboard.components import (
    cost_burn,
    cost_card,
    cost_change,
    cost_daily,
    cost_emergency,
    cost_jobs,
    cost_month,
    cost_now,
    cost_reconciliation,
    cost_report,
    cost_span,
    cost_tiles,
    cost_units,
    cost_users,
    cost_waste,
    header,
    live,
    tiles,
)
from dashboard.components.usage_span import Days
from dashboard.i18n import t

actor = auth.enter("costs")
header.page(t("Costs"))


def numbers() -> None:
    now, found = cost_now.ask(), cost_now.month()
    tiles.row(cost_tiles.tiles(now, found, cost_span.asked(), cost_span.within()))


def panel(show: Callable[[Days], None], name: str, *, border: bool = True) -> None:
    """A part about the chosen days."""

    def shown() -> None:
        show(cost_span.asked())

    shown.__module__, shown.__qualname__ = show.__module__, show.__qualname__
    with st.container(border=border, height="stretch"):
        live.part(shown, what=name, every=cost_now.MINUTE)


def month(_: Days) -> None:
    cost_month.show()


def burn(_: Days) -> None:
    cost_burn.show()


live.part(cost_card.show, what=t("The verdict"))
live.part(numbers, what=t("The numbers"))
with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="bottom"):
    cost_span.choose()
    cost_report.offer(cost_span.asked())
panel(cost_daily.show, t("The days"))
for column, (show, name) in zip(st.columns(2), ((month, t("The month")), (burn, t("The live burn"))), strict=True):
    with column:
        panel(show, name)
panel(cost_change.show, t("The change"))
panel(cost_units.show, t("The cost of a book"))
panel(cost_waste.show, t("The waste"))
panel(cost_users.show, t("The users"))
panel(cost_jobs.show, t("The jobs"))
with st.expander(t("Does the ledger agree with Prometheus and with the invoice?")):
    panel(cost_reconciliation.show, t("The accounts"), border=False)
cost_emergency.show(actor)
