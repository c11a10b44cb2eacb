"""What ops-dashboard audit does, and says: the chain proved, and the whole log as a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from dashboard import connections
from dashboard.components import audit_files
from dashboard.report.errors import FileUnwritable
from queries import audit_chain, audit_log
from queries.audit_models import AuditEntry, AuditFilter, AuditHead
from queries.audit_proof import Broken, Flaw, differing, proved
from queries.database import translated

# Instead of a file's name: to where the next program of a pipe reads.
STANDARD_OUTPUT = Path("-")
# Fewer signs of a hash could be met by trying.
NOTED = re.compile(r"(\d{1,18}):([0-9a-f]{12,64})")


@dataclass(frozen=True, slots=True)
class Told:
    """fine: the chain is whole."""

    lines: tuple[str, ...]
    fine: bool


def noted(text: str) -> AuditHead:
    """What verify printed once, POSITION:HASH; the hash may be cut to 12 signs. Raises ValueError."""
    found = NOTED.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("write POSITION:HASH, as verify prints it")
    return AuditHead(int(found[1]), found[2])


def verified(expected: AuditHead | None = None) -> Told:
    """Compute the whole chain again, on one state of the database. Raises DatabaseError."""
    with _snapshot() as connection:
        head = audit_chain.head(connection)
        proof = proved(audit_chain.lines(connection), head, expected)
        if proof.broken is not None:
            first = f"Broken after {_rows(proof.lines)} that are whole."
            return Told((first, *_told(connection, proof.broken)), fine=False)
    said = f"{_rows(proof.lines)}, chain whole, head {proof.head.position}:{proof.head.hash}"
    return Told((said, *_as_noted(expected)), fine=True)


def exported(form: audit_files.Form, since: datetime | None, until: datetime | None, output: Path) -> Told:
    """Write every line from since to before until, oldest first. Raises FileUnwritable, DatabaseError.

    A file is complete once it has its name.
    """
    lines = audit_files.content(_all(AuditFilter(since=_utc(since), until=_utc(until))), form)
    if output == STANDARD_OUTPUT:
        _write(sys.stdout.buffer, lines)
        sys.stdout.flush()
        return Told((), fine=True)
    path = output / f"audit-log.{form}" if output.is_dir() else output
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            _write(file, lines)
        unfinished.replace(path)
    except OSError as error:
        raise FileUnwritable(path=path, detail=error.strerror) from error
    return Told((f"Written: {path}",), fine=True)


def _write(file: BinaryIO, lines: Iterator[bytes]) -> None:
    for line in lines:
        file.write(line)


def _all(wanted: AuditFilter) -> Iterator[AuditEntry]:
    """A page at a time, each a question of its own: whoever reads slowly holds nothing up."""
    position = 0
    while True:
        with translated("OPS_STORE_URL"), connections.store().connect() as connection:
            page = audit_log.after(connection, wanted, position=position, limit=audit_chain.BATCH)
        if not page:
            return
        yield from page
        position = page[-1].position


@contextmanager
def _snapshot() -> Iterator[Connection]:
    """Lines and head as they were at one instant, however long the reading takes."""
    with translated("OPS_STORE_URL"), connections.store().connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ")


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


def _as_noted(expected: AuditHead | None) -> tuple[str, ...]:
    return () if expected is None else (f"Position {expected.position} is as it was noted.",)


def _told(connection: Connection, broken: Broken) -> Iterator[str]:
    """Where it is broken, what is wrong there, and what may help."""
    changed = broken.flaw is Flaw.CHANGED
    yield f"{_place(broken)}: {_changed(connection, broken) if changed else _WORDS[broken.flaw]}"
    if broken.line is not None:
        yield f"{_SHOWN.get(broken.flaw, 'That row')}: {_row(broken.line)}"
    yield 'The structured log has each row as it was written (event "audit"); so has a backup.'


_WORDS = {
    Flaw.REHASHED: "changed together with its hash, which the next row does not know.",
    Flaw.MISSING: "missing.",
    Flaw.MISPLACED: "another row stands there, out of its place.",
    Flaw.CUT: "cut off at the end.",
    Flaw.OTHER_HEAD: "changed together with its hash, or the head was forged: it has another hash.",
    Flaw.PAST_HEAD: "added past the head, or the head was forged: it ends before.",
    Flaw.NO_HEAD: "the head is gone, so nobody can tell whether rows were cut off after it.",
    Flaw.NOTED: "not as it was noted: this row, or all up to it, were made anew.",
}
_SHOWN = {Flaw.MISSING: "The next row", Flaw.CUT: "The last row", Flaw.NO_HEAD: "The last row"}


def _place(broken: Broken) -> str:
    if broken.first == broken.last:
        return f"Position {broken.last}"
    return f"Positions {broken.first} to {broken.last}"


def _changed(connection: Connection, broken: Broken) -> str:
    line = broken.line
    other = None if broken.fields or line is None else audit_chain.counterpart(connection, line)
    fields = differing(line, other) if line is not None and other is not None else broken.fields
    if not fields:
        return "changed; which of its fields cannot be told from the log itself."
    return f"changed: {', '.join(fields)}."


def _row(line: AuditEntry) -> str:
    """One line that a terminal can only show, whatever the row holds now."""
    when = line.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    who = f"{line.phase} of {line.action} on {line.target_kind} {line.target_id} by {line.actor}"
    told = f"position {line.position}, id {line.id}, {when}, {who}, request {line.request_id}"
    return "".join(sign if sign.isprintable() else "?" for sign in told)
