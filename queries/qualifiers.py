"""What may stand before the colon in a filter's text."""

from __future__ import annotations

from collections.abc import Mapping

# Qualifier → field of the filter, in the order in which they are printed. CREATED sets two fields.
LISTS = {
    "id": "ids",
    "user": "users",
    "status": "statuses",
    "kind": "kinds",
    "step": "steps",
    "error": "errors",
    "text": "texts",
}
LIMITS = {"since": "since", "until": "until"}
CREATED = "created"
NUMBERS = {"attempts": "attempts", "cost": "cost"}

DESCRIPTIONS: Mapping[str, str] = {
    "status": "What state the job is in: failed, queued, …",
    "error": "The error code, * for any characters; none: without a code",
    "since": "Last change at or after: 2h ago, 12:00 today, 2026-11-23, 2026-11-23T09:00",
    "until": "Last change before: 2h ago, 12:00 today, 2026-11-23, 2026-11-23T09:00",
    "text": "A part of the error message",
    "user": "A user's alias, or the user's key",
    "kind": "What the job's id begins with: job, series, …",
    "step": "The step that the job is at, or failed at",
    "attempts": "How often it was tried: 2, >=2",
    "cost": "USD spent on it: >0.2",
    "id": "The job's id, * for any characters",
    CREATED: "Created on 2026-11-23, >=2026-11-23, <12:00, 2026-11-20..2026-11-23",
}
