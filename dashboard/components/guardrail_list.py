"""One row a limit: what holds, how close it is, who set it, and the button that opens the editor."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from actions import guardrail_proposals, guardrails
from actions.answers import Guardrail, GuardrailChange
from actions.permissions import Actor, permitted
from dashboard import links
from dashboard.components import guardrail_draft, guardrail_now
from dashboard.components.formatting import Zone, count, duration, plain
from dashboard.components.guardrail_now import Now, Standing, Use
from dashboard.components.guardrail_words import (
    BY_DAY,
    PER_USER,
    amount,
    bounds,
    code,
    held,
    is_hidden,
    is_money,
    name,
    until,
    users,
    who_and_why,
)
from dashboard.connections import settings
from dashboard.i18n import t, tn
from queries.errors import OpsError

COLUMNS = (5, 3, 6, 2)
TOP_USERS = 3


def show(actor: Actor, zone: Zone, listed: Callable[[str], bool]) -> None:
    """Draw the limits whose names are to be listed here. Raises NotConfigured, ServiceError."""
    now = guardrail_now.ask()
    for one in filter(lambda one: listed(one.name), now.standings):
        with st.container(border=True, key=f"guardrail-row-{_place(now, one)}", gap="small"):
            what, value, close, act = st.columns(COLUMNS, gap="medium", vertical_alignment="top")
            with what:
                _what(one)
            with value:
                _value(one, now, zone)
            with close:
                _close(one, now)
            with act:
                _buttons(one, now, actor)
            if one.last is not None:
                _last(one, one.last, now, actor, zone)


def _last(one: Standing, change: GuardrailChange, now: Now, actor: Actor, zone: Zone) -> None:
    """Who set it and why, and the way back."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":small[:gray[{who_and_why(change, zone, now.at)}]]", width="content")
        if may_change(actor):
            put_back(change, one.rail, key=f"guardrail-back-{_place(now, one)}")


def may_change(actor: Actor) -> bool:
    """Whether this person may change a limit in this console, or propose it to somebody else."""
    here = settings()
    proposes = here.guardrail_approval_usd is not None and permitted(actor, guardrail_proposals.PROPOSE)
    return not here.read_only and (proposes or permitted(actor, guardrails.CHANGE))


def _place(now: Now, one: Standing) -> int:
    """For keys: a limit's own name may hold anything."""
    return now.standings.index(one)


def _what(one: Standing) -> None:
    described = f"  \n:small[:gray[{plain(one.rail.description)}]]" if one.rail.description else ""
    st.markdown(f"**{plain(name(one.name))}**  \n{code(one.name)}{described}")


def _value(one: Standing, now: Now, zone: Zone) -> None:
    rail = one.rail
    st.metric(t("Holds now"), held(rail.value, one.name, rail))
    if rail.expires_at is not None:
        left = until(rail.expires_at, rail.reverts_to, one.name, zone, now.at)
        st.markdown(f":material/timer: {plain(left)}")
    if is_hidden(one.name, rail):
        return
    default = t("default {value}", value=held(rail.default, one.name, rail)) if rail.default is not None else ""
    st.markdown(f":small[:gray[{plain(' · '.join(filter(None, (default, bounds(one.name, rail)))))}]]")


def _close(one: Standing, now: Now) -> None:
    if not is_hidden(one.name, one.rail):
        _progress(one)
    facts = " · ".join(filter(None, (_refused(one), _resets(one, now))))
    for line in filter(None, (_top(one), facts)):
        st.markdown(f":small[:gray[{line}]]")


def _progress(one: Standing) -> None:
    words, share = closeness(one), _share(one)
    if share is None:
        st.markdown(words)
    else:
        st.progress(share, text=words)


def closeness(one: Standing) -> str:
    """How near it is now, as markdown."""
    if isinstance(one.use, OpsError):
        return f":gray[{t('How close it is cannot be told now.')}]"
    if one.use is None:
        return f":gray[{t('The console does not know what this limit counts.')}]"
    if one.off:
        return t("{used} so far; nothing is refused", used=_used(one, one.use))
    if one.name in PER_USER:
        return _closeness_of_users(one, one.use)
    return t(
        "{used} of {limit}", used=_used(one, one.use), limit=plain(amount(one.rail.value, one.name, one.rail))
    )


def _closeness_of_users(one: Standing, found: Use) -> str:
    limit = plain(amount(one.rail.value, one.name, one.rail))
    if not found.by_user:
        return t("No user has any")
    most = t("Highest: {used} of {limit}", used=_used(one, found), limit=limit)
    if not one.users_at:
        return most
    return t("{most}; {users} at the limit", most=most, users=users(one.users_at))


def _used(one: Standing, found: Use) -> str:
    text = plain(amount(found.amount, one.name, one.rail))
    if not is_money(one.name, one.rail):
        return text
    return t("{usd} today, estimated", usd=text) if found.estimated else t("{usd} today", usd=text)


def _share(one: Standing) -> float | None:
    """How full, 0-1; None where there is nothing to compare."""
    if not isinstance(one.use, Use) or one.off:
        return None
    if not one.rail.value:
        return 1.0
    return float(min(Decimal(1), max(Decimal(0), one.use.amount / one.rail.value)))


def _top(one: Standing) -> str:
    """The users nearest to it, each a link to the user's page."""
    if not isinstance(one.use, Use) or not one.use.by_user:
        return ""
    return ", ".join(
        f"[{plain(user.alias)}]({links.to('user', **{links.USER: user.alias})}) {count(user.jobs)}"
        for user in one.use.by_user[:TOP_USERS]
    )


def _refused(one: Standing) -> str:
    if one.refused_day is None:
        return t("refusals are not known")
    return tn("{n} refused in 24 h", "{n} refused in 24 h", one.refused_day)


def _resets(one: Standing, now: Now) -> str:
    return t("resets in {duration}", duration=duration(now.resets_in)) if one.name in BY_DAY else ""


def _buttons(one: Standing, now: Now, actor: Actor) -> None:
    may = may_change(actor)
    if is_hidden(one.name, one.rail):  # what another value would have done tells what was spent
        return
    if st.button(
        t("Change…") if may else t("What if…"),
        icon=":material/tune:" if may else ":material/query_stats:",
        key=f"guardrail-open-{_place(now, one)}",
        on_click=guardrail_draft.open,
        args=(one.name,),
        width="stretch",
    ):
        st.rerun()


def put_back(change: GuardrailChange, rail: Guardrail, *, key: str) -> None:
    """The button that prefills the editor with the value before this change, where that is not what holds."""
    if change.ran_out or change.old == rail.value:
        return
    value = held(change.old, change.limit, rail)
    if st.button(
        t("Put back {value}", value=plain(value)),
        icon=":material/undo:",
        type="tertiary",
        key=key,
        on_click=guardrail_draft.open,
        args=(change.limit, change.old, t("Put back to {value}: ", value=value)),
    ):
        st.rerun()
