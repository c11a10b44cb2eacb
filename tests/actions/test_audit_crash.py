"""A console that is killed or frozen between intent and outcome: the act is unknown, and nobody is held up."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from actions.audit import Door, performed
from queries import audit_log
from queries.audit_chain import head, lines
from queries.audit_models import AuditFilter, Result
from queries.audit_proof import proved
from tests.actions.acts import Act, intent
from tests.actions.conftest import OPERATOR
from tests.service_process import ROOT

# Performs an act that tells when it is under way, and never ends.
PROGRAM = """
import sys, time
from datetime import timedelta
import structlog
from actions.audit import Door, performed
from queries.database import engine
from tests.actions.acts import intent
from tests.actions.conftest import OPERATOR

def act():
    print("acting", flush=True)
    time.sleep(600)

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
performed(Door(engine(sys.argv[1], statement_timeout=timedelta(seconds=5))), OPERATOR, intent(), act)
"""


@contextmanager
def acting(store_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the middle of its act."""
    command = [sys.executable, "-c", PROGRAM, store_url]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"acting\n"
        yield process
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP])
def test_a_console_that_stops_in_the_middle_of_an_act(
    store: sa.Engine, store_url: str, sign: signal.Signals
) -> None:
    with acting(store_url) as process:
        process.send_signal(sign)
        if sign is signal.SIGKILL:
            process.wait(60)
        with psycopg.connect(store_url) as connection:  # others are not held up, however short their patience is
            connection.execute("set lock_timeout = '1s'")
            connection.execute("select 1 from ops.audit_head for update")
        assert performed(Door(store), OPERATOR, intent(request_id="r-2"), Act()).result is Result.DONE
    with store.begin() as connection:
        assert proved(lines(connection), head(connection)).broken is None
    assert unknown(store) == (("r-1", True), 1, 0)
    with psycopg.connect(store_url) as connection:
        connection.execute("alter table ops.audit_log disable trigger append_only")
        connection.execute("update ops.audit_log set at = at - interval '5 minutes'")
    assert unknown(store) == (("r-1", False), 0, 1)


def unknown(store: sa.Engine) -> tuple[tuple[str, bool], int, int]:
    """The one act without an outcome, whether it is under way, and how many of all are and are not."""
    with store.begin() as connection:
        found = audit_log.acts(connection, AuditFilter(), before_id=None, limit=9)
        (act,) = (one for one in found if one.result is None)
        counted = audit_log.summary(connection, AuditFilter())
    return (act.request_id, act.under_way), counted.under_way, counted.unknown
