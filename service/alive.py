"""Whether a process of this machine lives, as its container asks: silence, or a sentence and status 1."""

from __future__ import annotations

import socket
import sys
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

import psycopg

from service import database
from service.settings import Settings

ANSWER_SECONDS = 3
MISSED_TICKS = 2


def api(settings: Settings) -> None:
    """It answers, and can do its work."""
    connection = HTTPConnection("127.0.0.1", settings.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health/ready")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        sys.exit(f"the api does not answer: {type(error).__name__}")
    if status != HTTPStatus.OK:
        sys.exit(f"the api answers {status}")


def worker(settings: Settings) -> None:
    """A worker of this machine's name beats."""
    query = (
        "select exists (select from workers where starts_with(id, %s)"
        " and heartbeat_at > clock_timestamp() - make_interval(secs => %s))"
    )
    if not _holds(settings, query, [f"{socket.gethostname()}-", settings.worker_timeout_seconds]):
        sys.exit("no worker of this machine beats")


def monitor(settings: Settings) -> None:
    """The job monitor finished a tick lately."""
    query = (
        "select exists (select from state where name = 'job_monitor'"
        " and at > clock_timestamp() - make_interval(secs => %s))"
    )
    if not _holds(settings, query, [MISSED_TICKS * settings.monitor_tick_seconds]):
        sys.exit("the job monitor has missed its ticks")


def _holds(settings: Settings, query: str, parameters: list[object]) -> bool:
    with psycopg.connect(
        settings.conninfo, options=database.OPTIONS, connect_timeout=ANSWER_SECONDS
    ) as connection:
        row = connection.execute(query.encode(), parameters).fetchone()
    return row == (True,)
