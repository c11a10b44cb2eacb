"""What the service's health report tells of its workers, read tolerantly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from actions.answers import instant_or_none, part, short, whole


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker. running are the ids of the jobs in its hands, of at most concurrency at a time."""

    id: str
    heartbeat_at: datetime | None
    concurrency: int | None
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workers:
    """alive is how many sent a sign of life lately, each what they do; None where the service does not say."""

    alive: int | None
    each: tuple[Worker, ...] | None


def told(report: Mapping[str, object]) -> Workers:
    """By services.workers of the report: {"alive": n, "list": [{id, heartbeat_at, concurrency, running}]}."""
    found = part(part(report, "services"), "workers")
    listed = found.get("list")
    if not isinstance(listed, list):
        return Workers(whole(found, "alive"), None)
    each = (_worker(cast("Mapping[str, object]", one)) for one in listed if isinstance(one, dict))
    return Workers(whole(found, "alive"), tuple(each))


def _worker(fields: Mapping[str, object]) -> Worker:
    running = fields.get("running")
    ids = tuple(map(short, running)) if isinstance(running, list) else ()
    return Worker(
        short(fields.get("id")), instant_or_none(fields, "heartbeat_at"), whole(fields, "concurrency"), ids
    )
