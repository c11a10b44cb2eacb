"""The console as a process goes on with the bulk actions of one that was killed, before anybody opens a page."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from actions import migrations
from actions.audit import Door
from actions.release import LEASE
from queries.bulk_models import BulkState, ItemState
from queries.database import engine
from tests.actions.bulk_rows import after, ended, found, items, many, started, told
from tests.dashboard.test_serve import COMMAND, START_SECONDS, environment

Consoles = Callable[[], AbstractContextManager[subprocess.Popen[bytes]]]
JOBS = 40
WAIT_SECONDS = LEASE.total_seconds() + START_SECONDS


@pytest.fixture
def store(newer_url: str) -> Iterator[sa.Engine]:
    migrations.upgrade(newer_url)
    opened = engine(newer_url, statement_timeout=timedelta(seconds=10))
    yield opened
    opened.dispose()


@pytest.fixture
def console(newer_url: str, tmp_path: Path) -> Consoles:
    """Start a console; it is ended with the block."""

    @contextmanager
    def started_console() -> Iterator[subprocess.Popen[bytes]]:
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(
                [*COMMAND, "--port", "0"],
                cwd=tmp_path,
                env=environment(OPS_DATABASE_URL=newer_url),
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)
        assert "Traceback" not in (tmp_path / "log").read_text()

    return started_console


@pytest.mark.timeout(300)
def test_a_killed_console_is_continued_and_an_ended_one_at_once(store: sa.Engine, console: Consoles) -> None:
    started(Door(store), many(JOBS), action="job.acknowledge", parameters={}, per_minute=300)
    with console() as first:
        after(store, 5)
        first.kill()
        first.wait(START_SECONDS)
    assert found(store).state is BulkState.RUNNING
    with console():
        after(store, 15, seconds=WAIT_SECONDS)
    assert (found(store).held, found(store).counts[ItemState.UNDER_WAY]) == (False, 0)
    with console():
        assert told(ended(store)) == {ItemState.DONE: JOBS}
    with store.connect() as connection:
        notes = connection.exec_driver_sql("select job_id from ops.acknowledgements").scalars().all()
    assert Counter(notes) == Counter(item.job_id for item in items(store))
