"""What is being done to many jobs at once: by whom, why, how far it is, and what came of each job?"""

from __future__ import annotations

import streamlit as st

from dashboard import auth, fetch, links
from dashboard.components import (
    batches,
    bulk_card,
    bulk_controls,
    bulk_list,
    bulk_results,
    header,
    live,
    summary,
    verdicts,
)
from dashboard.components.notices import Finished, ignored_parameters
from dashboard.i18n import t
from queries import bulks

RECENT = 50

actor = auth.enter("bulks")
header.page(t("Bulk actions"))
asked, after = links.text(links.BATCH), links.number(links.AFTER, 0)
ignored_parameters([*asked.rejected, *after.rejected])


def recent() -> None:
    answer = fetch.store(bulks.recent, limit=RECENT)
    verdicts.card([bulk_list.verdict(answer.value)])
    if answer.value:
        bulk_list.show(answer.value, header.zone())
    st.caption(summary.source(answer))


if not asked.value:
    live.part(recent, what=t("The bulk actions"))
    raise Finished
st.page_link("../pages/bulks.py", label=t("All bulk actions"), icon=":material/arrow_back:", query_params={})
found = batches.found(asked.value)
if found is None:
    st.markdown(f":gray[{t('There is no bulk action of this id.')}]")
    raise Finished
bulk = found


def progress() -> None:
    now = batches.found(bulk.id)
    if now is None or (now.state, now.going_on, now.per_minute) != (bulk.state, bulk.going_on, bulk.per_minute):
        fetch.clear()
        st.rerun()
    bulk_card.show(now)


def results() -> None:
    bulk_results.show(bulk, states, after.value or 0, header.zone())


live.part(
    progress,
    what=t("The progress"),
    every=batches.WHILE_RUNNING if bulk.going_on else None,
    always=bulk.going_on,
)
with st.container(horizontal=True, vertical_alignment="center"):
    bulk_controls.buttons(actor, bulk)
bulk_controls.pace(actor, bulk)
bulk_card.facts(bulk, header.zone())
states = bulk_results.chosen()
live.part(results, what=t("The results"))
