"""Which sources do not answer, told once a page: since when, what that takes away, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import streamlit as st

from actions.errors import MalformedAnswer, ServiceRejectedKey, ServiceUnavailable
from dashboard import fetch
from dashboard.components.formatting import clock, duration, plain
from dashboard.components.zones import local
from dashboard.connections import settings
from dashboard.i18n import t, translated_error
from dashboard.sources import Record
from queries.errors import DatabaseTimeout, DatabaseUnavailable, OpsError, PrometheusUnavailable

# So many refreshes without a question: nobody knows whether it answers by now.
FORGOTTEN_AFTER = 4
_TOLD = "outages-told"
# The driver says where it tried; the settings say so, too.
_WHERE = re.compile(r"^connection to server at .+ failed: ")


def show() -> None:
    """One box that names each troubled source; nothing while all answer."""
    now = datetime.now(UTC)
    found = dict(troubled(now))
    st.session_state[_TOLD] = frozenset(found)
    if not found:
        return
    with st.container(key="outages", border=True, gap="small"):
        for source, record in found.items():
            line = _line(source, record, now, alone=len(found) == 1)
            st.markdown(f":orange[:material/cloud_off:] {line}")
        st.caption(_meanwhile())


def troubled(now: datetime) -> Iterator[tuple[str, Record]]:
    """The sources that do not answer, by the last question that anybody asked; one that two names lead to once."""
    lately = timedelta(seconds=settings().refresh_seconds * FORGOTTEN_AFTER)
    for source in fetch.SOURCES:
        record = fetch.record(source)
        if record is None or not record.troubled(now) or now - record.asked > lately:
            continue
        if source == "store" and _one_database() and _database_is_away(now):
            continue
        yield source, record


def brief(error: OpsError) -> str:
    """Why something cannot be shown, as text: short where the box above the page tells the rest."""
    told = st.session_state.get(_TOLD, frozenset())
    match error:
        case DatabaseUnavailable() if told & {"database", "store"}:
            return t("The database does not answer.")
        case PrometheusUnavailable() if "prometheus" in told:
            return t("Prometheus does not answer.")
        case ServiceUnavailable() if "service" in told:
            return t("The service does not answer.")
        case _:
            return translated_error(error)


def reason(error: OpsError) -> str:
    """What went wrong in few words, as part of a sentence: what the source or the system said, or nothing."""
    return _WHERE.sub("", str(error.fields.get("detail", ""))).rstrip(".")


def name(source: str) -> str:
    """The source as a sentence begins with it."""
    names = {
        "database": t("The service's database"),
        "store": t("The console's own database"),
        "prometheus": "Prometheus",
        "service": t("The service's control API"),
    }
    return names[source]


def _line(source: str, record: Record, now: datetime, *, alone: bool) -> str:
    since = record.since or record.asked
    when = {"time": clock(since, local(), now=now), "duration": duration(now - since)}
    headline = _headline(record.error, source=name(source), **when)
    why = "" if record.error is None else reason(record.error)
    said = f"**{plain(f'{headline}: {why}' if why else headline)}.**"
    rest = [_consequence(source), *([_unharmed(source)] if alone else []), _advice(source)]
    return " ".join([said, *(plain(one) for one in rest if one)])


def _headline(error: OpsError | None, **named: str) -> str:
    match error:
        case DatabaseTimeout():
            return t("{source} has been too slow since {time} ({duration})", **named)
        case ServiceRejectedKey():
            return t("{source} has refused the console's key since {time} ({duration})", **named)
        case MalformedAnswer():
            return t("{source} has answered what cannot be read since {time} ({duration})", **named)
        case _:
            return t("{source} has not answered since {time} ({duration})", **named)


def _consequence(source: str) -> str:
    lost = {
        "database": t("Jobs, queue, usage and costs are not known meanwhile."),
        "store": t("No action can be taken, since it could not be recorded."),
        "prometheus": t("Alerts, providers and charts of the past are missing."),
        "service": t("No job can be retried or cancelled, and no limit changed."),
    }
    if source == "database" and _one_database():
        return lost[source] + " " + t("It keeps the console's records, too: no action can be taken.")
    return lost[source]


def _unharmed(source: str) -> str:
    """What goes on while all other sources answer."""
    words = {
        "store": t("All that is read goes on."),
        "prometheus": t("Jobs and actions go on."),
        "service": t("All that is read goes on."),
    }
    return words.get(source, "")


def _advice(source: str) -> str:
    setting = {
        "database": "OPS_DATABASE_URL",
        "store": "OPS_STORE_URL",
        "prometheus": "OPS_PROMETHEUS_URL",
        "service": "OPS_SERVICE_URL",
    }[source]
    if source == "service" and _refused():
        return t("Check {setting}.", setting="OPS_SERVICE_ADMIN_KEY")
    return t("Check that it runs and that {setting} points to it.", setting=setting)


def _refused() -> bool:
    record = fetch.record("service")
    return record is not None and isinstance(record.error, ServiceRejectedKey)


def _meanwhile() -> str:
    minutes = settings().stale_minutes
    back = t("This page comes back by itself when the source does.")
    if not minutes:
        return back
    stale = t(
        "What was known last stays in view for up to {duration}, marked as stale.",
        duration=duration(timedelta(minutes=minutes)),
    )
    return f"{stale} {back}"


def _one_database() -> bool:
    return settings().store_url == settings().database_url


def _database_is_away(now: datetime) -> bool:
    record = fetch.record("database")
    return record is not None and record.troubled(now)
