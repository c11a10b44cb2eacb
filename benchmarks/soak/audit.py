"""Whether the audit log is complete: every act has its record, and every intent its outcome."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import psycopg

from benchmarks.soak.judgement import Finding, near
from benchmarks.soak.people import Acts
from benchmarks.soak.troubles import Trouble
from demo.programs import ROOT, inherited
from demo.stack import Stack

# An outcome is written after a call with its deadline and a statement with its timeout.
AROUND_SECONDS = 20.0
PERSON = "Mina Park"
COUNTS = (
    "select count(*) filter (where phase = 'intent'), count(*) filter (where phase = 'outcome') from ops.audit_log"
)
WITHOUT_OUTCOME = (
    "select extract(epoch from at)::float, action, target_id from ops.audit_log as intent where phase = 'intent'"
    " and not exists (select from ops.audit_log as outcome"
    " where outcome.request_id = intent.request_id and outcome.phase = 'outcome')"
)
# Acts that the service knows of, and no intent tells who asked for them.
UNRECORDED = (
    "select job_id from job_events where actor = %s and event in ('retried', 'cancelled')"
    " and at > to_timestamp(%s) and not exists"
    " (select from ops.audit_log where phase = 'intent' and target_id = job_id"
    " and action in ('job.retry', 'job.cancel'))"
)
# Acts that an outcome says were done, and the service knows nothing of.
INVENTED = (
    "select target_id from ops.audit_log where phase = 'outcome' and result = 'done'"
    " and action in ('job.retry', 'job.cancel') and not exists"
    " (select from job_events where job_id = target_id and actor = %s and event in ('retried', 'cancelled'))"
)


def findings(stack: Stack, acts: Acts, troubles: Sequence[Trouble], since: float) -> list[Finding]:
    """The log held against the service's own history of its jobs since then (Unix time).

    An outcome may be lost to a broken database.
    """
    with psycopg.connect(stack.database_url) as connection:
        intents, outcomes = connection.execute(COUNTS).fetchone() or (0, 0)
        open_ends = connection.execute(WITHOUT_OUTCOME).fetchall()
        unrecorded = connection.execute(UNRECORDED, [PERSON, since]).fetchall()
        invented = connection.execute(INVENTED, [PERSON]).fetchall()
    around = {"before": AROUND_SECONDS, "after": AROUND_SECONDS}
    unexplained = [row for row in open_ends if not near(row[0], troubles, **around)]
    counted = f"{len(acts.confirmed)} confirmed by the operator, {acts.prevented} prevented by an outage"
    return [
        Finding(bool(acts.confirmed), f"acts: {counted}; {intents} intents and {outcomes} outcomes in the log"),
        Finding(
            not unexplained,
            f"intents without an outcome: {len(open_ends)}, of which no outage explains {len(unexplained)}",
        ),
        Finding(not unrecorded, f"acts of the service without a record: {len(unrecorded)}"),
        Finding(not invented, f"outcomes without an act of the service: {len(invented)}"),
        _chain(stack),
    ]


def _chain(stack: Stack) -> Finding:
    """What `ops-dashboard audit verify` says."""
    environment = {
        "OPS_DATABASE_URL": stack.console_database_url,
        "OPS_SETTINGS_FILE": str(stack.state.directory / "settings.toml"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dashboard.cli", "audit", "verify"],
        cwd=ROOT,
        env=inherited() | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (done.stdout + done.stderr).strip().splitlines()
    return Finding(done.returncode == 0, f"audit verify: {lines[-1] if lines else 'said nothing'}")
