"""What the console makes of any report on the service's workers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from actions import workers
from actions.workers import Worker, Workers

AT = "2026-11-23T03:00:00+00:00"
WHOLE = {"id": "w\x00", "running": ["job_1", 2], "concurrency": 3, "heartbeat_at": AT}
ODD = {"running": "all", "heartbeat_at": 5}


@pytest.mark.parametrize(
    ("part", "read"),
    [
        ("fine", Workers(None, None)),
        ({"alive": True, "list": {}}, Workers(None, None)),
        ({"status": "ok", "alive": 3}, Workers(3, None)),
        ({"alive": 0, "list": []}, Workers(0, ())),
        (
            {"alive": 2, "list": ["w", WHOLE, ODD]},
            Workers(
                2,
                (
                    Worker("w", datetime(2026, 11, 23, 3, tzinfo=UTC), 3, ("job_1", "2")),
                    Worker("", None, None, ()),
                ),
            ),
        ),
    ],
)
def test_workers_are_read_from_any_report(part: object, read: Workers) -> None:
    assert workers.told({"services": {"workers": part}}) == read


@pytest.mark.parametrize("report", [{}, {"services": None}, {"services": {"database": {"status": "ok"}}}])
def test_a_report_without_workers(report: dict[str, object]) -> None:
    assert workers.told(report) == Workers(None, None)
