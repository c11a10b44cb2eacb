"""What this console does for all in the background, now and then: see actions.keeper."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import Engine

from actions import observed
from actions.client import ServiceClient
from actions.keeper import Duty, GoOn
from actions.rollup_check import check
from actions.rollups import roll_up
from dashboard.settings import Settings
from dashboard.telemetry import rollup_differences, rollup_hours
from queries import schema
from queries.aliases import Aliases
from queries.database import translated

ROLLUP: Final = "rollup"
CHECK: Final = "rollup check"
GUARDRAILS: Final = "guardrail history"
CHECK_EVERY = timedelta(days=1)


def of(settings: Settings, source: Engine, store: Engine, client: ServiceClient | None) -> tuple[Duty, ...]:
    """client is None where the service's control API is not configured."""
    aliases = Aliases(settings.user_alias_key)

    def roll(go_on: GoOn) -> None:
        done = roll_up(source, _found(settings, source), aliases, store, go_on=go_on)
        rollup_hours.inc(done.hours)

    def look(go_on: GoOn) -> None:
        looked = check(source, _found(settings, source), aliases, store, go_on=go_on)
        rollup_differences.inc(len(looked.differences))

    often = timedelta(seconds=settings.rollup_seconds)
    kept = [Duty(ROLLUP, often, roll), Duty(CHECK, CHECK_EVERY, look)]
    if client is not None:
        kept.append(Duty(GUARDRAILS, often, lambda _: observed.record(store, client)))
    return tuple(kept)


def _found(settings: Settings, source: Engine) -> schema.ServiceSchema:
    with translated("OPS_DATABASE_URL"), source.connect() as connection:
        return schema.discover(connection, settings.jobs_table)
