"""The ways out side by side: what each saves, its value where it has one, and the button that takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import streamlit as st

from actions import intake
from actions.answers import Guardrails, Intake
from actions.permissions import Actor, permitted
from dashboard import fetch
from dashboard.components import cost_emergency_words, guardrail_draft, guardrail_press, guardrail_what_if
from dashboard.components.cost_emergency_now import EmergencyNow
from dashboard.components.cost_emergency_words import Prospect
from dashboard.components.formatting import plain
from dashboard.components.guardrail_draft import Draft
from dashboard.components.guardrail_press import Press
from dashboard.components.guardrail_what_if_words import loosens
from dashboard.components.guardrail_words import DAILY_PER_USER, DAILY_USD, bounds, held
from dashboard.components.notices import ICON_NOT_OFFERED, guarded, refused_words
from dashboard.connections import settings
from dashboard.i18n import t, translated_error
from queries import what_if
from queries.errors import OpsError
from queries.what_if import WhatIf

LASTS = "cost-emergency-lasts"
# What holds until the end of the service's day goes back by itself: nobody has to remember it.
DURATIONS = (guardrail_draft.DAY, "")
# Today's jobs hardly change while somebody decides.
KEPT = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stop:
    """Stopping intake, on its state as it was shown."""

    before: Intake
    request_id: str


Chosen = Stop | Press
Remember = Callable[[Chosen], None]


@dataclass(frozen=True, slots=True)
class Pressing:
    """Who presses, and what keeps it."""

    actor: Actor
    remember: Remember

    def offers(self, action: str) -> bool:
        """Whether there is a button for it; why not, where the console takes it from everybody."""
        if taken_away := refused_words(self.actor, action):
            st.caption(taken_away)
        return permitted(self.actor, action)


def value_key(limit: str) -> str:
    """The widget that holds the value for this limit."""
    return f"cost-emergency-{limit}"


def typed(limit: str) -> Decimal | None:
    """What is typed now."""
    number = st.session_state.get(value_key(limit))
    return None if number is None else Decimal(str(number))


def show(now: EmergencyNow, actor: Actor, remember: Remember | None) -> None:
    """remember keeps what was pressed, as it was named; None where nobody may press anything."""
    pressing = None if remember is None else Pressing(actor, remember)
    stop, spend, per_user = st.columns(3)
    with stop, st.container(border=True, height="stretch"):
        st.markdown(f"**{t('Stop intake')}**")
        _intake(now, pressing)
    with spend, st.container(border=True, height="stretch"):
        st.markdown(f"**{t('Lower the daily cost limit')}**")
        _limit(now, DAILY_USD, pressing)
    with per_user, st.container(border=True, height="stretch"):
        st.markdown(f"**{t('Lower the daily job limit per user')}**")
        _limit(now, DAILY_PER_USER, pressing)


def _intake(now: EmergencyNow, pressing: Pressing | None) -> None:
    found = now.intake
    if found is None:
        _quiet(t("Stopping and resuming intake is not offered by this service."))
    elif isinstance(found, OpsError):
        _quiet(plain(translated_error(found)))
    elif not found.accepting:
        _quiet(t("Intake is closed already."))
    else:
        _told(cost_emergency_words.stopping(now))
        if pressing is not None and pressing.offers(intake.CLOSE):
            st.button(
                t("Stop intake"), icon=":material/block:", key="cost-emergency-stop", width="stretch",
                on_click=pressing.remember, args=(Stop(found, str(uuid4())),),
            )  # fmt: skip


def _limit(now: EmergencyNow, limit: str, pressing: Pressing | None) -> None:
    rail = now.rail(limit)
    if isinstance(now.limits, OpsError):
        _quiet(plain(translated_error(now.limits)))
    elif rail is None:
        _quiet(t("This service has no such limit."))
    elif limit == DAILY_USD and now.pace is not None and now.pace.by_service and now.pace.reached:
        _quiet(t("It is reached already: no new job is taken for the rest of the service's day."))
    else:
        st.caption(plain(t("now {value}", value=held(rail.value, limit, rail)) + f" · {bounds(limit, rail)}"))
        _change(now, _draft(now.limits, limit), pressing)


def _draft(limits: Guardrails, limit: str) -> Draft:
    whole = guardrail_draft.is_whole(limit, limits.limits[limit])
    label = t("Jobs a day per user") if limit == DAILY_PER_USER else t("US dollars a day")
    kind = int if whole else float
    st.number_input(label, value=None, step=kind(1), key=value_key(limit))
    return Draft(limit, limits, limits, typed(limit), st.session_state.get(LASTS, DURATIONS[0]))


def _change(now: EmergencyNow, draft: Draft, pressing: Pressing | None) -> None:
    lower = draft.value is not None and not (draft.out_of_bounds or draft.nothing_new or loosens(draft))
    if draft.limit == DAILY_USD:
        prospect = cost_emergency_words.capping(now, draft.value)
    else:
        prospect = cost_emergency_words.sharing(now, draft.value, _tried(draft) if lower else None)
    if not lower:
        _quiet(t("Type a lower value than the one that holds."))
        return
    _told(prospect)
    if pressing is None:
        return
    press = guardrail_press.of(draft, stake(draft))
    if pressing.offers(press.action):
        st.button(
            press.words(), icon=":material/arrow_downward:", key=f"{value_key(draft.limit)}-press",
            width="stretch", on_click=pressing.remember, args=(press,),
        )  # fmt: skip


def stake(draft: Draft) -> Decimal | None:
    """USD at stake in 30 days, where it decides who may do it; replaying them takes a while."""
    if settings().guardrail_approval_usd is None:
        return None
    return guardrail_what_if.stake(guardrail_what_if.ask(draft), draft)


def _tried(draft: Draft) -> WhatIf | OpsError | None:
    """What the value would have done today."""
    here = settings()
    answer = guarded(
        lambda: fetch.database(
            what_if.tried,
            limit=draft.limit,
            value=draft.value,
            timezone=here.service_timezone,
            days=1,
            prices=here.price_history,
            ttl=KEPT,
        )
    )
    return answer if isinstance(answer, OpsError) else answer.value


def _told(prospect: Prospect) -> None:
    st.markdown(prospect.saves)
    st.markdown("\n".join(f"- {sentence}" for sentence in prospect.consequences))


def _quiet(words: str) -> None:
    st.markdown(f":gray[{ICON_NOT_OFFERED} {words}]")
