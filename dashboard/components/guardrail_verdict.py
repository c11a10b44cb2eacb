"""The limits in words: which bind now, which hold for a while only, what waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from actions.answers import Intake
from actions.errors import NotOffered
from dashboard import fetch, situation
from dashboard.components import assessments, guardrail_now, guardrail_proposals, queue_verdict, verdicts
from dashboard.components.formatting import Zone, count, duration, plain
from dashboard.components.guardrail_now import Now, Standing
from dashboard.components.guardrail_words import BY_DAY, held, name, until, users, why
from dashboard.components.notices import guarded
from dashboard.components.summary import source
from dashboard.components.verdicts import State, Verdict
from dashboard.i18n import t, tn
from queries import guardrails
from queries.errors import OpsError
from queries.guardrail_proposals import Proposal


def card(zone: Zone) -> tuple[str, ...]:
    """Draw the verdict; the names of the limits that were found, none where they cannot be known."""
    found = guarded(guardrail_now.ask)
    if isinstance(found, OpsError):
        metrics = guarded(lambda: fetch.prometheus(guardrails.values, ttl=guardrail_now.KEPT))
        verdicts.card(missing(found, {} if isinstance(metrics, OpsError) else metrics.value))
        return ()
    waiting = guarded(guardrail_proposals.waiting)
    known = () if isinstance(waiting, OpsError) else waiting
    verdicts.card(told(found, situation.intake(), known, zone))
    st.caption(source(found.limits))
    return tuple(found.limits.value.limits)


def told(now: Now, intake: Intake | None, waiting: Sequence[Proposal], zone: Zone) -> list[Verdict]:
    """Everything that the page's first line has to say."""
    binding = [_binding(one, now) for one in now.standings if _binds(one)]
    unknown = [_unknown(one.name, one.use) for one in now.standings if isinstance(one.use, OpsError)]
    nothing = [] if binding or unknown else [Verdict(State.OK, t("No limit binds now"))]
    return [
        *queue_verdict.intake(intake, now.at, zone, alone=True),
        *_proposals(waiting),
        *binding,
        *unknown[:1],
        *nothing,
        *(
            _temporary(one, one.rail.expires_at, now, zone)
            for one in now.standings
            if one.rail.expires_at is not None
        ),
    ]


def missing(error: OpsError, metrics: Mapping[str, float]) -> list[Verdict]:
    """Why the limits cannot be shown, and what the service's metrics still tell of them."""
    if isinstance(error, NotOffered):
        why = t("It has no control API for its limits, so they can neither be read nor changed from here.")
        verdict = Verdict(State.NOT_OFFERED, t("Guardrails are not offered by this service."), why)
    else:
        verdict = assessments.unavailable(t("Guardrails"), error)
    if not metrics:
        return [verdict]
    known = " · ".join(
        t("{limit}: {value}", limit=plain(name(limit)), value=count(value)) for limit, value in metrics.items()
    )
    return [verdict, Verdict(State.NO_DATA, t("By the service's metrics: {limits}", limits=known))]


def _binds(one: Standing) -> bool:
    return one.reached or bool(one.refused_hour)


def _binding(one: Standing, now: Now) -> Verdict:
    limit, refused = plain(name(one.name)), _refused(one)
    value = plain(held(one.rail.value, one.name, one.rail))
    if one.users_at:
        headline = t(
            "{limit}: {users} at the limit of {value}", limit=limit, users=users(one.users_at), value=value
        )
        state = State.WARNING if one.refused_hour else State.OK
    elif one.reached:
        headline = t(
            "{limit}: the limit of {value} is reached, new requests are refused", limit=limit, value=value
        )
        state = State.CRITICAL
    else:
        headline = t("{limit}: below the limit of {value} now", limit=limit, value=value)
        state = State.OK
    if state is State.OK:
        return Verdict(state, f"{headline}, {refused}" if refused else headline)
    return Verdict(
        state, f"{headline}.", " ".join(filter(None, (f"{refused}." if refused else "", _ends(one, now))))
    )


def _refused(one: Standing) -> str:
    if one.refused_hour is None:
        return ""
    if not one.refused_hour:
        return t("nobody refused in the last hour")
    return tn("{n} request refused in the last hour", "{n} requests refused in the last hour", one.refused_hour)


def _ends(one: Standing, now: Now) -> str:
    if one.name not in BY_DAY:
        return ""
    return t("It counts anew in {duration}, with the service's next day.", duration=duration(now.resets_in))


def _temporary(one: Standing, expires_at: datetime, now: Now, zone: Zone) -> Verdict:
    rail = one.rail
    words = t(
        "{limit}: {value} {until}",
        limit=plain(name(one.name)),
        value=plain(held(rail.value, one.name, rail)),
        until=plain(until(expires_at, rail.reverts_to, one.name, zone, now.at)),
    )
    if one.last is None or one.last.expires_at is None:
        return Verdict(State.OK, words)
    return Verdict(State.OK, t("{words} ({who}: {why})", words=words, who=plain(one.last.actor), why=_reason(one)))


def _reason(one: Standing) -> str:
    return why(one.last) if one.last is not None and one.last.reason else t("no reason given")


def _proposals(waiting: Sequence[Proposal]) -> list[Verdict]:
    if not waiting:
        return []
    headline = tn("{n} change waits for a second admin.", "{n} changes wait for a second admin.", len(waiting))
    return [Verdict(State.WARNING, headline, ", ".join(sorted({plain(name(one.guardrail)) for one in waiting})))]


def _unknown(limit: str, error: OpsError) -> Verdict:
    """How close one limit is; the same source is behind the others' being unknown."""
    return assessments.unavailable(t("How close {limit} is", limit=plain(name(limit))), error)
