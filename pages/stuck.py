"""Which jobs are stuck, by which rule, and what will retry or cancel do?"""

from __future__ import annotations

import streamlit as st

from dashboard import auth, fetch, links, situation
from dashboard.components import (
    assessments,
    batches,
    confirm,
    filters,
    header,
    job_buttons,
    live,
    stuck_actions,
    stuck_table,
    summary,
    verdicts,
)
from dashboard.connections import settings
from dashboard.i18n import t
from queries import costs
from queries.models import StuckRule

actor = auth.enter("stuck")
header.page(t("Stuck jobs"))


def verdict() -> None:
    found, rules = situation.stuck_jobs().value, settings().stuck_rules
    notes = situation.notes(found)
    watch = assessments.monitor(situation.monitor_last_run(), found, rules, header.zone())
    jobs = assessments.stuck(found, notes.snoozed(found.now), watch, settings().thresholds, alone=False)
    verdicts.card([jobs, watch, *assessments.notes(notes)])


def chosen_filters() -> stuck_table.Filters:
    rules = filters.several(t("Rule"), links.RULE, tuple(StuckRule), stuck_table.rule_words)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = filters.text(t("Job, user or step"), links.SEARCH, placeholder="job_… user-… generate_…")
        order = filters.one(t("Order"), links.SORT, stuck_table.sorts(), stuck_table.sort_words)
        snoozed = st.toggle(t("Show snoozed"), key=links.SNOOZED, bind="query-params")
    return stuck_table.Filters(rules, search, snoozed, order)


def listing() -> None:
    answer = situation.stuck_jobs()
    found = answer.value
    notes = situation.notes(found)
    ids = tuple(one.job.id for one in found.jobs)
    spent = fetch.database(costs.spent_by_job, settings().price_history, ids).value if ids else {}
    shown = stuck_table.hold(stuck_table.matching(found, asked, notes, spent), asked)
    stuck_actions.bar(actor, shown, total=found.total, source=summary.source(answer), unrecordable=notes.error)
    if not shown.rows:
        st.markdown(f":gray[{stuck_table.nothing_words(found.total)}]")
        return
    stuck_table.show(shown, found.now, header.zone(), notes, spent, selectable=job_buttons.may_act(actor))


batches.panel()
live.part(verdict, what=t("The verdict"))
asked = chosen_filters()
live.part(listing, what=t("The list of stuck jobs"))
confirm.show(actor)
