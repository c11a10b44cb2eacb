"""What the click on a bulk action waits for: its jobs queued in the store, to a bare insert of the same rows."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from actions import bulks, migrations
from actions.audit import Door
from actions.bulks import Order
from actions.permissions import Actor, Role
from demo.postgres import Postgres
from queries.database import engine
from queries.models import Job

JOBS, ROUNDS = 10_000, 7
AT = datetime(2026, 11, 23, 2, tzinfo=UTC)
OPERATOR = Actor("bench@example.com", Role.OPERATOR)
TIMEOUT = timedelta(seconds=10)  # the console's default
ALIKE = "create table ops.bare_jobs (like ops.bulk_jobs including all)"
BARE = "insert into ops.bare_jobs select * from ops.bulk_jobs where bulk_id = 'bulk-0'"


def jobs() -> list[Job]:
    ids = (f"job_20261123_020000_{number:08x}" for number in range(JOBS))
    return [Job(one, "failed", "user-7f3a9c01", AT, AT, 55, "generate_images", "IMAGE_TIMEOUT") for one in ids]


def queue(store: sa.Engine, order: Order, number: int) -> None:
    bulk = bulks.start(Door(store), OPERATOR, order, bulk_id=f"bulk-{number}", limit=JOBS)
    assert bulk.untouched == JOBS


def insert(store: sa.Engine) -> None:
    with store.begin() as connection:
        connection.exec_driver_sql(BARE)


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as directory, Postgres(Path(directory) / "data") as server:
        migrations.upgrade(server.url())
        store = engine(server.url(), statement_timeout=TIMEOUT)
        chosen = jobs()
        order = Order("job.retry", chosen, "bench", estimates={job.id: Decimal("0.26") for job in chosen})
        queued, bare = [], []
        with store.begin() as connection:
            connection.exec_driver_sql(ALIKE)
        for number in range(ROUNDS):
            queued.append(seconds(partial(queue, store, order, number)))
            bare.append(seconds(partial(insert, store)))
            with store.begin() as connection:
                connection.exec_driver_sql("truncate ops.bare_jobs")
        store.dispose()
    ratio, context = median(queued) / median(bare), f"{median(queued):.2f} : {median(bare):.2f} s"
    print(
        f"{JOBS:,} jobs queued : bare insert of the same rows  {ratio:5.2f} ×   {context}, medians of {ROUNDS};"
        f" slowest {max(queued):.2f} s"
    )


if __name__ == "__main__":
    main()
