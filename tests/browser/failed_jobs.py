"""Jobs that failed, as many as a test needs."""

from __future__ import annotations

from tests.browser.conftest import Database

# So many jobs that failed one after the other, a second apart; their ids hold the batch.
FAILED = """
insert into jobs (id, status, progress, current_step, error_code, error_message, user_key, created_at, updated_at)
select 'job_20261101_' || %(batch)s || '_' || to_hex(268435456 + n), 'failed', 45, 'generate_images',
       %(code)s, 'the provider said no', 'key-' || %(batch)s || n, at - interval '1 minute', at
  from generate_series(1, %(number)s) n,
       lateral (select (now() at time zone 'utc') - %(age)s::interval - n * interval '1 second') clock(at)
"""


def fail(database: Database, batch: str, number: int, *, code: str = "UNKNOWN", age: str = "0 s") -> None:
    database.execute(FAILED, {"code": code, "number": number, "batch": batch, "age": age})
