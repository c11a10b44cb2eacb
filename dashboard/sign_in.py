"""The gate before every page: who may not pass sees why, and what to do; and in the sidebar, who one is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from actions.permissions import Actor
from dashboard import auth, discretion, navigation, settings
from dashboard.components.formatting import plain
from dashboard.components.notices import Finished, guarded
from dashboard.i18n import t, translated_error
from dashboard.identity import NoAccess, NotSignedIn, SessionEnded
from queries.errors import OpsError


def gate() -> Actor:
    """Who is here; for whoever may not pass, every address shows how to, and nothing else runs.

    Raises Finished for them, and what auth.current_actor raises of the settings.
    """
    found = guarded(auth.current_actor)
    if isinstance(found, NotSignedIn | NoAccess):
        _instead(partial(_no_access if isinstance(found, NoAccess) else _sign_in, found))
        raise Finished
    if isinstance(found, OpsError):
        raise found
    return found


def stay() -> None:
    """Within a part that refreshes by itself: once its viewer's session is over, show the sign-in instead."""
    if isinstance(guarded(auth.current_actor), NotSignedIn | NoAccess):
        st.rerun()


def who(actor: Actor) -> None:
    """Name, role, what is hidden from it, and the way out, for the sidebar."""
    if settings.load().auth == "demo":
        auth.picker()
    else:
        _signed_in(actor)
    if not actor.sees_money:
        mark = {"mark": discretion.HIDDEN, "role": t(auth.ROLES[actor.money_from])}
        st.caption(t("{mark} stands for amounts of money: they are shown from the role {role} on.", **mark))


def _signed_in(actor: Actor) -> None:
    st.caption(t("Signed in as"))
    st.text(f"{actor.name} ({t(auth.ROLES[actor.role])})")
    if settings.load().auth == "oidc":
        st.button(t("Sign out"), icon=":material/logout:", on_click=auth.end, key="sign-out")


def _instead(show: Callable[[], None]) -> None:
    st.navigation(navigation.instead(show), position="hidden").run()


def _sign_in(why: OpsError) -> None:
    with _card():
        if isinstance(why, SessionEnded):
            st.markdown(t("Your session has ended. Sign in again, and this page is shown as you left it."))
        else:
            st.markdown(t("Sign in to see how the books are doing, and to act on them."))
        if settings.load().auth == "oidc":
            st.button(t("Sign in"), type="primary", icon=":material/login:", on_click=st.login, key="sign-in")
        else:
            st.markdown(t("The proxy in front of this console did not say who you are: sign in there."))


def _no_access(why: OpsError) -> None:
    here = settings.load()
    with _card():
        st.markdown(f"**{t('No access')}**")
        st.text(translated_error(why))
        whom = t("Ask {contact} for a role.", contact=plain(here.access_contact))
        st.markdown(whom if here.access_contact else t("Ask whoever runs this console for a role."))
        if here.auth == "oidc":
            st.button(t("Sign out"), icon=":material/logout:", on_click=auth.end, key="sign-out")


def _card() -> st.delta_generator.DeltaGenerator:
    with st.container(horizontal_alignment="center"):
        st.space("large")
        card = st.container(border=True, width=420, key="sign-in-card")
    with card:
        st.title(t("Book operations"), anchor=False)
        st.badge(plain(settings.load().environment), color="gray")
    return card
