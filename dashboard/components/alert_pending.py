"""What is about to fire: told more quietly than what does."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard.components.verdicts import Verdict
from dashboard.i18n import t

_MARK = ":gray[:material/schedule:]"


def show(pending: Sequence[Verdict]) -> None:
    """One line each; nothing where there is none."""
    if not pending:
        return
    with st.container(border=True, gap="small"):
        st.markdown(f"**{t('Pending')}** :gray[{t('true now, and an alarm if it stays so')}]")
        for one in pending:
            st.markdown(f"{_MARK} {one.headline} :gray[{one.detail}]")
