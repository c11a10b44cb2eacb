"""A report as a file of each format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from dashboard import connections
from dashboard.report import page, table
from dashboard.report.errors import PdfUnavailable
from dashboard.report.numbers import Edition
from dashboard.report.pdf import pdf


class Format(StrEnum):
    HTML = "html"
    PDF = "pdf"
    CSV = "csv"

    @property
    def mime(self) -> str:
        return {Format.HTML: "text/html", Format.PDF: "application/pdf", Format.CSV: "text/csv"}[self]


@dataclass(frozen=True, slots=True)
class File:
    """Under a name that tells the week."""

    name: str
    content: bytes
    format: Format


def file(edition: Edition, wanted: Format) -> File:
    """Raises PdfUnavailable where the system lacks what makes one."""
    return File(name(edition.numbers.week, wanted), _content(edition, wanted), wanted)


def name(week: str, wanted: Format) -> str:
    """Such as costs-2026-W47.pdf."""
    return f"costs-{week}.{wanted}"


def attachment(edition: Edition) -> File:
    """PDF, or HTML where none can be made."""
    try:
        return file(edition, Format.PDF)
    except PdfUnavailable:
        return file(edition, Format.HTML)


def _content(edition: Edition, wanted: Format) -> bytes:
    match wanted:
        case Format.HTML:
            return _html(edition).encode()
        case Format.PDF:
            return pdf(_html(edition))
        case Format.CSV:
            return table.csv(edition)
        case _:
            assert_never(wanted)


def _html(edition: Edition) -> str:
    return page.html(edition, connections.settings().console_url)
