"""Databases for tests: both deployments of the contract, empty or with the older one's real rows."""

from __future__ import annotations

import csv
from pathlib import Path

import psycopg

ROOT = Path(__file__).parent.parent
OLDER_ROWS = Path(__file__).parent / "data" / "jobs_older_deployment.csv"

OLDER_SCHEMA = """
create table jobs (
    id varchar(60) primary key,
    status varchar(20) not null,
    progress int not null,
    current_step varchar(120) not null,
    error_code varchar(60),
    error_message varchar(300),
    moderation_input json,
    moderation_output json,
    user_key varchar(80) not null,
    idempotency_key varchar(120),
    created_at timestamp not null,
    updated_at timestamp not null
);
create index ix_jobs_user_key on jobs (user_key);
create index ix_jobs_idempotency_key on jobs (idempotency_key);
"""


def create_newer(url: str) -> None:
    """The reference service's tables, empty."""
    with psycopg.connect(url) as connection:
        connection.execute((ROOT / "service" / "schema.sql").read_text().encode())


def create_older(url: str) -> None:
    """The older deployment's one table with its 58 real rows."""
    with OLDER_ROWS.open(newline="") as file:
        header, *rows = csv.reader(file)
    columns = ", ".join(header)
    with psycopg.connect(url) as connection:
        connection.execute(OLDER_SCHEMA)
        statement = f"insert into jobs ({columns}) values ({', '.join(['%s'] * len(header))})"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.executemany(statement.encode(), [[value or None for value in row] for row in rows])
