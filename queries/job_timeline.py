"""A job's time, span by span, told from its events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, zip_longest

from queries.job_models import Ending, JobEvent, Span
from queries.schema import OPEN
from queries.steps import QUEUED

# Events of one instant happened in this order; one that is not here came between.
_RANKS: Mapping[str, int] = {
    **{"created": 0, "retried": 0, "recovered": 0, "started": 1, "step": 2},
    **{"cancelled": 4, "failed": 4, "done": 4},
}
_OTHER_RANK = 3
# By event, and by the status that a row ends in.
_ENDINGS = {"done": Ending.COMPLETED, "failed": Ending.FAILED, "cancelled": Ending.CANCELLED}


def spans(events: Iterable[JobEvent], status: str, updated_at: datetime) -> tuple[Span, ...]:
    """In order of attempt, then time. status and updated_at are the row's, and end what no event ended."""
    ordered = sorted(events, key=lambda e: (e.attempt, e.at, _RANKS.get(e.event, _OTHER_RANK)))
    attempts = [_Attempt(number, list(own)) for number, own in groupby(ordered, key=lambda e: e.attempt)]
    told: list[Span] = []
    for attempt, following in zip_longest(attempts, attempts[1:]):
        if following is not None:
            told += attempt.told(Ending.LOST, following.events[0].at)
        elif status in OPEN:
            told += attempt.told(Ending.OPEN, None)
        else:
            told += attempt.told(_ENDINGS.get(status, Ending.LOST), updated_at)
    return tuple(told)


@dataclass
class _Attempt:
    """Reads one attempt's events in their order; begun is whether the current span has no step of its own yet."""

    number: int
    events: list[JobEvent]
    spans: list[Span] = field(default_factory=list)
    current: Span | None = None
    begun: bool = False

    def told(self, ending: Ending, until: datetime | None) -> list[Span]:
        """The spans; what is still open at the last event ended so, then (or is open yet)."""
        for event in self.events:
            self._read(event)
        self._close(until, ending)
        return sorted(self.spans, key=lambda span: span.began)

    def _read(self, event: JobEvent) -> None:
        match event.event:
            case "created" | "retried" | "recovered":
                self._close(event.at, Ending.LOST)
                self._wait(event)
            case "started":
                self._close(event.at, Ending.COMPLETED)
                self._open(event.detail.get("step", ""), event)
                self.begun = True
            case "step":
                self._enter(event)
            case "progress":
                self._progress(event)
            case "done" | "failed" | "cancelled":
                self._end(event)
            case _:
                self.spans.append(_mark(event))

    def _wait(self, event: JobEvent) -> None:
        by, why = event.actor or "", event.detail.get("reason", "")
        self.current = Span(self.number, QUEUED, event.at, cause=event.event, by=by, why=why)
        self.begun = False

    def _enter(self, event: JobEvent) -> None:
        step = event.detail.get("step", "")
        if self.begun and self.current is not None:
            self.current = replace(self.current, name=step)
        else:
            self._close(event.at, Ending.COMPLETED)
            self._open(step, event)
        self.begun = False

    def _progress(self, event: JobEvent) -> None:
        if self.current is None or "image" not in event.detail:
            return
        total, missing = event.detail.get("of", ""), event.detail.get("placeholder") == "true"
        self.current = replace(
            self.current,
            images=self.current.images + 1,
            total=int(total) if total.isdecimal() else None,
            placeholders=self.current.placeholders + missing,
        )

    def _end(self, event: JobEvent) -> None:
        ending = _ENDINGS[event.event]
        why = event.detail.get("error_code") or event.detail.get("reason", "")
        if self.current is None:
            self._open(event.event, event)
        by = (event.actor or "") if ending is Ending.CANCELLED else ""
        self._close(event.at, ending, by=by, why=why)

    def _open(self, name: str, event: JobEvent) -> None:
        self.current = Span(self.number, name, event.at)
        self.begun = False

    def _close(self, at: datetime | None, ending: Ending, *, by: str = "", why: str = "") -> None:
        if self.current is None:
            return
        ended = None if at is None else max(at, self.current.began)
        one = replace(self.current, ended=ended, ending=ending)
        self.spans.append(replace(one, by=by or one.by, why=why or one.why))
        self.current = None


def _mark(event: JobEvent) -> Span:
    said = " · ".join(f"{key}: {value}" for key, value in event.detail.items())
    return Span(event.attempt, event.event, event.at, event.at, Ending.MARK, by=event.actor or "", why=said)
