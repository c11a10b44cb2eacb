"""A provider's invoice as somebody uploads it: CSV of unknown make, read strictly and never guessed at."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from queries import invoice_cells
from queries.invoice_errors import (
    InvoiceDoubleColumn,
    InvoiceEmpty,
    InvoiceLacksColumn,
    InvoiceLineBroken,
    InvoiceNoAmount,
    InvoiceNoMonth,
    InvoiceNoProvider,
    InvoiceNotCsv,
    InvoiceNotText,
    InvoiceNotUsd,
    InvoiceTooLarge,
    InvoiceTooLong,
)

# An invoice has a line a provider and month, at most one a day and model: this has room for years of either, and
# is read within half a second.
MAX_MEGABYTES = 1
MAX_LINES = 20_000
MAX_PROVIDER_LENGTH = 80
# Of what could not be read, so much is repeated.
QUOTED_LENGTH = 60

# What a column may be called, in whatever case; the first name is the one to ask for.
PROVIDER = ("provider", "vendor", "supplier")
MONTH = ("month", "period", "date", "invoice month", "billing month", "billing period", "invoice date")
AMOUNT = ("amount", "cost", "usd", "amount usd", "cost usd", "amount (usd)", "cost (usd)", "total", "total usd")
CURRENCY = ("currency",)

_DELIMITERS = ",;\t"
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """USD of a provider in a month, which is named by its first day; negative where credits exceed the charges."""

    provider: str
    month: date
    usd: Decimal


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a row what stands. comma: decimals may begin with one."""

    names: Sequence[str]
    provider: int
    month: int
    amount: int
    currency: int | None
    comma: bool

    def read(self, row: _Row) -> InvoiceLine:
        if len(row.cells) < len(self.names) or any(cell.strip() for cell in row.cells[len(self.names) :]):
            raise InvoiceLineBroken(line=row.line, cells=len(row.cells), columns=len(self.names))
        provider = " ".join(row.cells[self.provider].split())
        if not 0 < len(provider) <= MAX_PROVIDER_LENGTH or not provider.isprintable():
            column = _quoted(self.names[self.provider])
            raise InvoiceNoProvider(line=row.line, column=column, limit=MAX_PROVIDER_LENGTH)
        month = invoice_cells.month(row.cells[self.month])
        if month is None:
            raise InvoiceNoMonth(**self._place(row, self.month))
        usd = invoice_cells.usd(row.cells[self.amount], comma=self.comma)
        if usd is None:
            raise InvoiceNoAmount(**self._place(row, self.amount))
        if self.currency is not None and row.cells[self.currency].strip().upper() not in {"USD", "US$", "$"}:
            raise InvoiceNotUsd(**self._place(row, self.currency))
        return InvoiceLine(provider, month, usd)

    def _place(self, row: _Row, at: int) -> dict[str, object]:
        return {"line": row.line, "column": _quoted(self.names[at]), "value": _quoted(row.cells[at])}


def parse(data: bytes) -> tuple[InvoiceLine, ...]:
    """By provider and month, in the order of the file; several lines of one add up.

    The first line names the columns: one of PROVIDER, one of MONTH, one of AMOUNT, perhaps one of CURRENCY; others
    are left out. Cells lie between commas, semicolons or tabs. Raises InvoiceError.
    """
    text = _text(data)
    delimiter = max(_DELIMITERS, key=text.lstrip("\n").partition("\n")[0].count)
    rows = _rows(text, delimiter)
    header = next(rows, None)
    if header is None:
        raise InvoiceEmpty
    columns = _columns(header, comma=delimiter == ";")
    sums: defaultdict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for number, row in enumerate(rows, start=1):
        if number > MAX_LINES:
            raise InvoiceTooLong(limit=MAX_LINES)
        one = columns.read(row)
        sums[one.provider, one.month] += one.usd
    if not sums:
        raise InvoiceEmpty
    return tuple(InvoiceLine(provider, month, usd) for (provider, month), usd in sums.items())


def _text(data: bytes) -> str:
    if len(data) > MAX_MEGABYTES * _MEGABYTE:
        raise InvoiceTooLarge(limit=MAX_MEGABYTES)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvoiceNotText from error
    if "\0" in text:  # as in UTF-16
        raise InvoiceNotText
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _rows(text: str, delimiter: str) -> Iterator[_Row]:
    """Without those whose cells are all empty."""
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _Row(reader.line_num, cells)
    except csv.Error as error:
        raise InvoiceNotCsv(line=reader.line_num) from error


def _columns(header: _Row, *, comma: bool) -> _Columns:
    provider, month, amount = (_required(header, names) for names in (PROVIDER, MONTH, AMOUNT))
    return _Columns(header.cells, provider, month, amount, _found(header, CURRENCY), comma)


def _required(header: _Row, names: Sequence[str]) -> int:
    found = _found(header, names)
    if found is None:
        columns = _quoted(", ".join(header.cells))
        raise InvoiceLacksColumn(line=header.line, name=names[0], others=", ".join(names[1:]), found=columns)
    return found


def _found(header: _Row, names: Sequence[str]) -> int | None:
    told = [" ".join(cell.replace("_", " ").lower().split()) for cell in header.cells]
    places = [at for at, name in enumerate(told) if name in names]
    if len(places) > 1:
        first, second = (_quoted(header.cells[at]) for at in places[:2])
        raise InvoiceDoubleColumn(line=header.line, name=names[0], first=first, second=second)
    return places[0] if places else None


def _quoted(text: str) -> str:
    """Foreign text within a sentence."""
    line = " ".join(text.split())
    return line if len(line) <= QUOTED_LENGTH else f"{line[:QUOTED_LENGTH]}…"
