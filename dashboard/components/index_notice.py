"""Which index a slow page lacks, and the statement with which the service's owner adds it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from dashboard import fetch
from dashboard.components.formatting import count, plain
from dashboard.components.notices import guarded
from dashboard.i18n import t, tn
from queries import indexes
from queries.errors import OpsError

KEPT = timedelta(minutes=5)


def show() -> None:
    """One line where indexes are missing on a table so large that it is felt, the statements behind it."""
    answer = guarded(lambda: fetch.database(indexes.advice, ttl=KEPT))
    if isinstance(answer, OpsError):  # the page's other parts say so
        return
    missing = [one for one in answer.value if one.matters]
    if not missing:
        return
    label = tn(
        "{n} index is missing: searches may be slow or time out",
        "{n} indexes are missing: searches may be slow or time out",
        len(missing),
    )
    with st.expander(label, icon=":material/speed:"):
        st.markdown(t("The console changes nothing in the service's tables. Their owner can run, while it works:"))
        for one in missing:
            rows = t("{table}, about {n} rows", table=plain(one.table), n=count(one.rows))
            st.markdown(f"{rows}: :gray[{plain(one.speeds_up)}]")
            st.code(f"{one.statement};", language="sql", wrap_lines=True)
