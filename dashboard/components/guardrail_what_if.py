"""What another value would have done in the last 30 days: in a sentence, by day, and to whom."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import streamlit as st

from dashboard import discretion, fetch, links
from dashboard.components import charts, tables
from dashboard.components.charts import BLUE, RED, Axis, Line
from dashboard.components.formatting import NOTHING, Zone, count, money
from dashboard.components.guardrail_draft import Draft
from dashboard.components.guardrail_what_if_words import loosens, sentences, short_of
from dashboard.components.notices import guarded, tell
from dashboard.components.summary import source
from dashboard.connections import settings
from dashboard.fetch import Fetched
from dashboard.i18n import t
from queries import what_if
from queries.errors import OpsError
from queries.what_if import BlockedUser, WhatIf

DAYS = 30
DAY = timedelta(days=1)
# The past does not change; what is added to it in a few minutes does not matter.
KEPT = timedelta(minutes=5)
# More than anybody reads; those with the most jobs come first.
MOST_USERS = 100
ROWS_IN_VIEW = 6

# None: there is nothing to ask. A Fetched None: the console cannot replay this limit.
Found = Fetched[WhatIf | None] | OpsError | None


def ask(draft: Draft) -> Found:
    """Replays the last 30 days; takes a while, which a spinner tells."""
    value = draft.value
    if value is None or value == draft.rail.value or draft.out_of_bounds:
        return None
    with st.spinner(t("Replaying the last 30 days…")):
        return guarded(
            lambda: fetch.database(
                what_if.tried,
                limit=draft.limit,
                value=value,
                timezone=settings().service_timezone,
                days=DAYS,
                prices=settings().price_history,
                ttl=KEPT,
            )
        )


def stake(found: Found, draft: Draft) -> Decimal | None:
    """USD at stake in 30 days, in whichever direction there is more; None where nobody can tell."""
    if found is None:
        return Decimal(0)
    if isinstance(found, OpsError) or found.value is None:
        return None
    let_in = found.value.let_through
    if let_in is None:
        return None if loosens(draft) else found.value.usd
    amounts = (found.value.usd, let_in.usd)
    return None if None in amounts else max(amount for amount in amounts if amount is not None)


def sentence(found: Found, draft: Draft) -> None:
    """What it would have done, in words."""
    if found is None:
        return
    if isinstance(found, OpsError):
        tell(found, t("What it would have done"))
    elif found.value is None:
        st.markdown(f":gray[{t('What it would have done cannot be replayed for this limit.')}]")
    else:
        st.markdown(" ".join(sentences(found.value, draft)))
        if short_of(found.value, DAYS):
            st.caption(t("There are too many jobs to look back further."))


def evidence(found: Found) -> None:
    """By day, and the users most concerned."""
    if found is None:
        hint = t("Type another value to see what it would have done in the last 30 days.")
        st.markdown(f":gray[{hint}]")
    elif not isinstance(found, OpsError) and found.value is not None:
        _by_day(found.value)
        _by_user(found.value)
        st.caption(source(found))


def _by_day(found: WhatIf) -> None:
    """Of the service's days; the last one still fills."""
    blocked = [(_start(one.day), float(one.jobs)) for one in found.by_day]
    let_in = [(_start(one.day), float(one.let_through or 0)) for one in found.by_day]
    named = ((t("blocked jobs"), RED, blocked), (t("requests let in"), BLUE, let_in))
    drawn = [Line(*line) for line in named if any(value for _, value in line[2])]
    if not drawn:
        st.markdown(f":gray[{t('No day on which anything would have been otherwise.')}]")
        return
    charts.title(t("By day"), t("of the service, had this value held; today still fills"))
    axis = Axis(blocked[0][0], blocked[-1][0] + DAY, DAY)
    alt = t("Blocked jobs and requests let in, by day")
    charts.bars(drawn, zone=Zone("UTC", UTC), key="guardrail-what-if", grouped=len(drawn) > 1, axis=axis, alt=alt)


def _start(day: date) -> datetime:
    """A day as a place on the axis, whatever zone it is one of."""
    return datetime.combine(day, time(), UTC)


def _by_user(found: WhatIf) -> None:
    if not found.users:
        return
    text, number = st.column_config.TextColumn, st.column_config.NumberColumn
    columns = {
        "user": st.column_config.LinkColumn(t("User"), display_text=rf"{links.USER}=([^&]+)$", width=140),
        "jobs": number(t("Jobs blocked"), width=110),
        "days": number(t("On days"), width=90),
        "usd": text(t("They cost"), width=110, alignment="right"),
    }
    if not discretion.money_shown():
        del columns["usd"]
    rows = [_row(one) for one in found.users[:MOST_USERS]]
    alt = t("Users whose jobs would have been blocked, most first")
    tables.table(rows, columns, alt=alt, most_rows=ROWS_IN_VIEW)
    if len(found.users) > MOST_USERS:
        st.caption(t("Only the {n} users with the most jobs are shown.", n=count(MOST_USERS)))


def _row(one: BlockedUser) -> dict[str, object]:
    user = links.to("user", **{links.USER: one.alias})
    return {
        "user": user,
        "jobs": one.jobs,
        "days": one.days,
        "usd": NOTHING if one.usd is None else money(one.usd),
    }
