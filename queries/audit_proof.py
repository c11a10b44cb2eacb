"""Whether the audit log is what was written, every line up to the head; or where it first is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from queries.audit_chain import START, hashed
from queries.audit_models import AuditEntry, AuditHead

# What an intent and its outcome say alike.
SHARED = (
    *("actor", "role", "action", "target_kind", "target_id", "reason", "batch_id"),
    *("parameters", "before"),
)


class Flaw(StrEnum):
    """What is wrong at the first place that is broken."""

    CHANGED = "changed"
    REHASHED = "rehashed"
    MISSING = "missing"
    MISPLACED = "misplaced"
    CUT = "cut"
    OTHER_HEAD = "other_head"
    PAST_HEAD = "past_head"
    NO_HEAD = "no_head"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place that is broken: from first to last position; line is the one that shows it.

    fields: which of a changed line's fields are known to differ; empty where that cannot be told.
    """

    flaw: Flaw
    first: int
    last: int
    line: AuditEntry | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """How many lines are whole, counted from the first, and where the whole part ends."""

    lines: int
    head: AuditHead
    broken: Broken | None


def proved(lines: Iterable[AuditEntry], head: AuditHead | None, noted: AuditHead | None = None) -> Proof:
    """Compute the chain again from its first line on; lines come in the order of their positions.

    head: what the database says. noted: what somebody wrote down elsewhere; its hash may be shortened.
    """
    last, before, rest = START, None, iter(lines)
    whole = 0
    for line in rest:
        broken = _misfit(line, last, before, head, rest) or _unlike(noted, line)
        if broken is not None:
            return Proof(whole, last, broken)
        whole, last, before = whole + 1, AuditHead(line.position, line.hash), line
    return Proof(whole, last, _end(last, before, head, noted))


def _misfit(
    line: AuditEntry,
    last: AuditHead,
    before: AuditEntry | None,
    head: AuditHead | None,
    rest: Iterator[AuditEntry],
) -> Broken | None:
    """What is wrong with this line after the last one."""
    here = last.position + 1
    if line.position is None or line.position < here:  # without the table's own constraints
        return Broken(Flaw.MISPLACED, here, here, line)
    if line.position > here:
        return Broken(Flaw.MISSING, here, line.position - 1, line)
    if hashed(line) != line.hash:
        return Broken(Flaw.CHANGED, here, here, line, _links(line, last, head, next(rest, None)))
    if line.previous != last.hash:
        changed = before or line
        return Broken(Flaw.REHASHED, changed.position, changed.position, changed)
    return None


def _links(
    line: AuditEntry, last: AuditHead, head: AuditHead | None, following: AuditEntry | None
) -> tuple[str, ...]:
    """Whether it is only one of the two hashes that was changed: its neighbours tell."""
    if hashed(replace(line, previous=last.hash)) == line.hash:
        return ("previous",)
    told = following.previous if following is not None else head.hash if head is not None else ""
    return ("hash",) if told == hashed(line) else ()


def _unlike(noted: AuditHead | None, line: AuditEntry) -> Broken | None:
    if noted is None or noted.position != line.position or line.hash.startswith(noted.hash):
        return None
    return Broken(Flaw.NOTED, line.position, line.position, line)


def _end(
    last: AuditHead, before: AuditEntry | None, head: AuditHead | None, noted: AuditHead | None
) -> Broken | None:
    if head is None:
        return Broken(Flaw.NO_HEAD, last.position, last.position, before)
    if head.position > last.position:
        return Broken(Flaw.CUT, last.position + 1, head.position, before)
    if head.position < last.position:
        return Broken(Flaw.PAST_HEAD, head.position + 1, last.position, before)
    if head.hash != last.hash:
        return Broken(Flaw.OTHER_HEAD, last.position, last.position, before)
    if noted is not None and noted.position > last.position:
        return Broken(Flaw.CUT, last.position + 1, noted.position, before)
    return None


def differing(line: AuditEntry, other: AuditEntry) -> tuple[str, ...]:
    """The fields of a changed line that its intent or outcome tells; () where these are not all."""
    fields = tuple(name for name in SHARED if getattr(line, name) != getattr(other, name))
    restored = replace(line, **{name: getattr(other, name) for name in fields})
    return fields if fields and hashed(restored) == line.hash else ()
