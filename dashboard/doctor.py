"""Looks at each piece that the console stands on: what works, what is missing, how to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeAlias

import sqlalchemy as sa

from actions import migrations
from actions.errors import ServiceUnavailable
from dashboard import auth, connections, rollup_report, settings
from dashboard.settings_errors import SettingsError
from queries import indexes, metrics
from queries.database import translated
from queries.errors import NotConfigured, OpsError

OPTIONAL_COLUMNS = (
    "progress",
    "current_step",
    "error_code",
    "error_message",
    "retry_count",
    "last_retry_at",
    "trace_id",
)
# More than this and "now" in the service's logs and on the console's pages are told apart by eye.
TOLERATED_CLOCK_SECONDS = 5
EXPECTED_METRICS: dict[str, Callable[[str], str]] = {
    "jobs": metrics.queued_jobs,
    "job_monitor_last_run_timestamp_seconds": metrics.monitor_last_run_seconds,
    "circuit_breaker_state": metrics.breaker_states,
    "api_cost_usd_total": metrics.cost_usd_per_hour,
}


# What is not worth a look while something else is broken.
NEEDS = {
    "jobs table": "database",
    "indexes": "jobs table",
    "clock and time zone": "database",
    "audit log": "schema ops",
    "roll-up": "schema ops",
}


class State(StrEnum):
    """missing: what depends on it says so and all else works. broken: it is set up, and does not work."""

    OK = "ok"
    MISSING = "missing"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece in one line, and what to do in some more."""

    piece: str
    state: State
    detail: str
    advice: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        first = f"{self.state:<8} {self.piece}: {' '.join(self.detail.split())}"
        return "\n         ".join((first, *self.advice))


Said: TypeAlias = tuple[State, str, *tuple[str, ...]]
Check: TypeAlias = Callable[[], Said]


def findings() -> Iterator[Finding]:
    """Every piece, one after the other. Without usable settings there is nothing more to look at."""
    try:
        settings.load()
    except SettingsError as error:
        for problem in error.fields["problems"].splitlines():
            yield Finding("settings", State.BROKEN, problem)
        return
    checks: dict[str, Check] = {
        "settings": _settings,
        "database": _database,
        "jobs table": _jobs_table,
        "indexes": _indexes,
        "clock and time zone": _clock,
        "schema ops": _migration,
        "audit log": _recording,
        "roll-up": _rollup,
        "Prometheus": _prometheus,
        "control API": _service,
    }
    down: set[str] = set()
    for piece, check in checks.items():
        source = NEEDS.get(piece)
        skipped = source in down
        finding = (
            Finding(piece, State.MISSING, f"not looked at: see {source}") if skipped else _found(piece, check)
        )
        if skipped or finding.state is State.BROKEN:
            down.add(piece)
        yield finding


def _found(piece: str, check: Check) -> Finding:
    try:
        state, detail, *advice = check()
    except NotConfigured as error:
        return Finding(piece, State.MISSING, str(error))
    except OpsError as error:
        return Finding(piece, State.BROKEN, str(error))
    return Finding(piece, state, detail, tuple(advice))


def _settings() -> tuple[State, str]:
    here = settings.load()
    auth.check(here, "127.0.0.1")
    mode = "read-only" if here.read_only else "actions allowed"
    return State.OK, f"{here.environment}, {mode}, sign-in: {here.auth}, times shown in {here.timezone}"


def _database() -> tuple[State, str]:
    with _reading() as connection:
        version = connection.execute(sa.select(sa.func.current_setting("server_version"))).scalar_one()
    return State.OK, f"PostgreSQL {str(version).split()[0]} answers"


def _jobs_table() -> tuple[State, str]:
    schema = connections.service_schema()
    lacking = [column for column in OPTIONAL_COLUMNS if not schema.has(column)]
    optional = {"cost_events": schema.has_ledger, "job_events": schema.has_job_events}
    lacking += [f"table {name}" for name, there in optional.items() if not there]
    if not lacking:
        return State.OK, "every column of the contract is there, ledger and history too"
    return State.OK, f"all required columns are there; not offered by this service: {', '.join(lacking)}"


def _indexes() -> Said:
    with _reading() as connection:
        missing = indexes.advice(connection, connections.service_schema())
    if not missing:
        return State.OK, "every question of the console is answered by one"
    felt = f"which is felt in tables of {indexes.LARGE_TABLE_ROWS:,} rows and more"
    statements = [f"{each.statement}; -- {each.rows:,} rows. {each.speeds_up}" for each in missing]
    return State.MISSING, f"{len(missing)} missing, {felt}. On the service's side:", *statements


def _clock() -> tuple[State, str]:
    with _reading() as connection:
        row = connection.execute(sa.select(sa.func.clock_timestamp(), sa.func.current_setting("TimeZone"))).one()
    drift = abs((datetime.now(UTC) - row[0]).total_seconds())
    if row[1] != "UTC":
        advice = "use no pooler that drops the console's options"
        return State.BROKEN, f"the session's time zone is {row[1]} instead of UTC: {advice}"
    if drift > TOLERATED_CLOCK_SECONDS:
        return (
            State.BROKEN,
            f"the database's clock differs from this machine's by {drift:.0f} s: let both follow NTP",
        )
    return State.OK, "the session is in UTC, and the database's clock agrees with this machine's"


def _migration() -> tuple[State, str]:
    with translated("OPS_STORE_URL"):
        found, newest = migrations.current(settings.load().store_url), migrations.head()
    if found == newest:
        return State.OK, f"at revision {found}"
    if found is not None and found not in migrations.known():
        advice = f"Run a newer console, or with it: ops-dashboard migrate --to {newest}"
        return State.BROKEN, f"at revision {found}, and this console knows up to {newest}. {advice}"
    told = "not there" if found is None else f"at revision {found}, and {newest} is the newest"
    return State.BROKEN, f"{told}, so nothing can be recorded and no action is taken. Run: ops-dashboard migrate"


def _recording() -> tuple[State, str]:
    allowed = sa.func.coalesce(
        sa.func.has_table_privilege(sa.func.to_regclass("ops.audit_log"), "insert"), sa.false()
    )
    with translated("OPS_STORE_URL"), connections.store().connect() as connection:
        may_write = connection.execute(sa.select(allowed)).scalar_one()
    if may_write:
        return State.OK, "can be written"
    advice = "Run ops-dashboard migrate, or grant INSERT on ops.audit_log"
    return State.BROKEN, f"cannot be written, so no action is taken. {advice}"


def _rollup() -> Said:
    """Without it usage is read from the service's tables, so it is missing at worst."""
    fine, detail, *advice = rollup_report.said()
    return State.OK if fine else State.MISSING, detail, *advice


def _prometheus() -> tuple[State, str]:
    prometheus, prefix = connections.prometheus(), settings.load().metric_prefix
    lacking = [name for name, expression in EXPECTED_METRICS.items() if not prometheus.instant(expression(prefix))]
    if len(lacking) == len(EXPECTED_METRICS):
        advice = "check OPS_METRIC_PREFIX and what it scrapes"
        return State.BROKEN, f"answers, but has no metric that begins with {prefix}: {advice}"
    if lacking:
        return (
            State.MISSING,
            f"answers; not offered by this service: {', '.join(prefix + name for name in lacking)}",
        )
    return State.OK, f"answers, and has the service's metrics ({prefix}…)"


def _service() -> tuple[State, str]:
    try:
        capabilities = connections.service().capabilities()
    except ServiceUnavailable as error:
        advice = "Check that the service runs and that OPS_SERVICE_URL points to it"
        return State.BROKEN, f"does not answer ({error.fields['detail']}). {advice}"
    if capabilities is None:
        return State.MISSING, "this service has none: jobs can be seen, not retried or cancelled"
    if not capabilities.actions:
        return State.MISSING, "answers, but offers no action"
    return State.OK, f"accepts the admin key and offers {', '.join(sorted(capabilities.actions))}"


@contextmanager
def _reading() -> Iterator[sa.Connection]:
    with translated("OPS_DATABASE_URL"), connections.jobs().connect() as connection:
        yield connection
