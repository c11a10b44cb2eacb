"""An act and an intent as tests hand them to the door."""

from __future__ import annotations

from actions.audit import Effect, Intent


class Act:
    """An act that counts how often it was called."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.calls = 0
        self.error = error

    def __call__(self) -> Effect:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return Effect({"status": "queued"}, "Retried.")


def intent(**changes: object) -> Intent:
    fields = {
        "action": "job.retry",
        "target_kind": "job",
        "target_id": "job_1",
        "reason": "provider is back",
        "request_id": "r-1",
    }
    return Intent(**{**fields, **changes})  # type: ignore[arg-type]


LOG = "select * from ops.audit_log order by id"
