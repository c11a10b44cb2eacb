"""Why an invoice cannot be read, and how to mend it. The first docstring paragraph is the reader's message."""

from __future__ import annotations

from queries.errors import OpsError


class InvoiceError(OpsError):
    """The invoice cannot be read."""


class InvoiceTooLarge(InvoiceError):
    """The file is larger than {limit} MB, which no invoice by month is. Upload its sums by provider and month."""


class InvoiceTooLong(InvoiceError):
    """The file has more than {limit} lines. Upload its sums by provider and month."""


class InvoiceNotText(InvoiceError):
    """The file is not text in UTF-8. Save the table as "CSV UTF-8" and upload that."""


class InvoiceEmpty(InvoiceError):
    """The file holds no amounts. Its first line must name the columns, and there must be a line below it."""


class InvoiceLacksColumn(InvoiceError):
    """Line {line}: no column is called "{name}" (or {others}). The columns are: {found}."""


class InvoiceDoubleColumn(InvoiceError):
    """Line {line}: both "{first}" and "{second}" may be the column "{name}". Remove one of them."""


class InvoiceNotCsv(InvoiceError):
    """Line {line} cannot be read as CSV: a quotation mark is open or out of place, or a cell is far too long."""


class InvoiceLineBroken(InvoiceError):
    """Line {line} has {cells} cells under {columns} columns. Put amounts with commas into quotation marks."""


class InvoiceNoProvider(InvoiceError):
    """Line {line}, column "{column}": write a provider's name of at most {limit} printable characters."""


class InvoiceNoMonth(InvoiceError):
    """Line {line}, column "{column}": "{value}" is no month. Write it as 2026-11, or remove the line if it is
    a total."""


class InvoiceNoAmount(InvoiceError):
    """Line {line}, column "{column}": "{value}" is not clearly an amount in US dollars. Write it as 1234.56."""


class InvoiceNotUsd(InvoiceError):
    """Line {line}, column "{column}": "{value}" is not USD, in which everything else here is counted."""
