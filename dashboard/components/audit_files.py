"""The audit log as a file to forward, one line at a time: for a spreadsheet, or for another program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

import streamlit as st

from dashboard import discretion
from dashboard.components import audit_discretion, spreadsheets
from dashboard.components.formatting import count
from dashboard.i18n import t
from queries.audit_models import AuditEntry

# JSON already, and written as the chain has it: parsing it would lose how its numbers were written.
_DOCUMENTS = frozenset({"parameters", "before", "after"})
# By these whoever knows a line but for its amount would find that by trying.
_SEALS = frozenset({"previous", "hash"})


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


def offer(entries: Callable[[], Iterable[AuditEntry]], most: int) -> None:
    """The buttons that download what entries gives, which are most at most."""
    told = t("The newest {n} lines that match. The whole log: ops-dashboard audit export", n=count(most))
    spreadsheets.offer(lambda: _whole(entries, Form.CSV), "audit-log.csv", help=told)
    st.download_button(
        t("As JSON lines"),
        data=discretion.for_later(lambda: _whole(entries, Form.JSONL)),
        file_name="audit-log.jsonl",
        mime="application/x-ndjson",
        icon=":material/download:",
        on_click="ignore",
        help=told,
    )


def _whole(entries: Callable[[], Iterable[AuditEntry]], form: Form) -> bytes:
    return b"".join(content(entries(), form))


def content(entries: Iterable[AuditEntry], form: Form) -> Iterator[bytes]:
    """The file's lines. A field is a column, or a key; instants are ISO 8601 in UTC."""
    return _WRITERS[form](entries)


def _csv(entries: Iterable[AuditEntry]) -> Iterator[bytes]:
    return spreadsheets.csv_lines(_names(), map(_fields, entries))


def _jsonl(entries: Iterable[AuditEntry]) -> Iterator[bytes]:
    names = _names()
    for fields in map(_fields, entries):
        pairs = (f'"{name}": {_json(name, fields[name])}' for name in names)
        yield f"{{{', '.join(pairs)}}}\n".encode()


def _names() -> list[str]:
    shown = discretion.money_shown()
    return [name for name in AuditEntry.__dataclass_fields__ if shown or name not in _SEALS]


def _fields(entry: AuditEntry) -> dict[str, Any]:
    return asdict(audit_discretion.without_money(entry))


def _json(name: str, value: object) -> str:
    if name in _DOCUMENTS and isinstance(value, str):
        return value
    return json.dumps(value.isoformat() if isinstance(value, datetime) else value, ensure_ascii=False)


_WRITERS: Mapping[Form, Callable[[Iterable[AuditEntry]], Iterator[bytes]]] = {Form.CSV: _csv, Form.JSONL: _jsonl}
