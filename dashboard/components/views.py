"""Saved views: a search under a name that every operator sees, each a link."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

import streamlit as st

from actions import saved_views
from actions.permissions import Actor, permitted
from dashboard import connections, discretion, fetch, links
from dashboard.components.formatting import plain
from dashboard.components.notices import guarded, tell
from dashboard.connections import settings
from dashboard.i18n import t
from queries import saved_views as questions
from queries.bulk_models import SavedView
from queries.errors import OpsError

PAGE = "jobs"
_PROBLEM = "views-problem"


def menu(actor: Actor, query: str) -> None:
    """The views of the Jobs page, and for those who may: keep this search as one, or take one away."""
    with st.popover(t("Saved views"), icon=":material/bookmark:"):
        _menu(actor, query)


def _menu(actor: Actor, query: str) -> None:
    problem = st.session_state.pop(_PROBLEM, None)
    if problem is not None:
        tell(problem)
    answer = guarded(lambda: fetch.store(questions.all))
    if isinstance(answer, OpsError):
        tell(answer)
        return
    views = [view for view in answer.value if view.page == PAGE]
    if not views:
        st.markdown(f":gray[{t('None yet. Search for something, then keep it here under a name.')}]")
    removable = permitted(actor, "view.remove") and not settings().read_only
    for view in views:
        _line(actor, view, removable=removable)
    if query and permitted(actor, "view.save") and not settings().read_only:
        _form(actor, query)


def _line(actor: Actor, view: SavedView, *, removable: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.page_link(
            f"../pages/{PAGE}.py",
            label=plain(view.name),
            query_params={links.QUERY: discretion.told(view.query)},
            help=plain(f"{view.query} · {view.actor}"),
        )
        if removable:
            st.button(
                t("Remove {name}", name=plain(view.name)),
                key=f"view-remove-{view.id}",
                type="tertiary",
                icon=":material/delete:",
                on_click=partial(_remove, actor, view),
            )


def _form(actor: Actor, query: str) -> None:
    with st.form("view", border=False, clear_on_submit=True):
        name = st.text_input(t("Keep this search as"), key="view-name", placeholder=t("Image failures today"))
        st.code(query, language=None, wrap_lines=True)
        if st.form_submit_button(t("Save"), icon=":material/bookmark_add:"):
            _keep(guarded(lambda: saved_views.save(
                connections.door(), actor, name, page=PAGE, query=query, request_id=str(uuid4())
            )))  # fmt: skip
            st.rerun()


def _remove(actor: Actor, view: SavedView) -> None:
    _keep(guarded(lambda: saved_views.remove(connections.door(), actor, view, request_id=str(uuid4()))))


def _keep(answer: object) -> None:
    """An error is told when the menu is next drawn."""
    fetch.clear()
    if isinstance(answer, OpsError):
        st.session_state[_PROBLEM] = answer
