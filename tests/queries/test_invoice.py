"""Invoices of every make, and files that are none: each is read to the cent, or refused with a remedy."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries import invoice, invoice_cells
from queries.errors import OpsError
from queries.invoice import InvoiceLine, parse
from queries.invoice_errors import (
    InvoiceDoubleColumn,
    InvoiceEmpty,
    InvoiceError,
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

D = Decimal
NOVEMBER = date(2026, 11, 1)


def usd(text: str, name: str = "amount") -> Decimal:
    """The only amount of a file."""
    (line,) = parse(f"provider,month,{name}\npainter,2026-11,{text}".encode())
    return line.usd


@pytest.mark.parametrize(
    "text",
    [
        "2026-11", "2026/11", "2026.11", "11/2026", "11-2026", " 2026-11 ", "Nov 2026", "NOVEMBER 2026",
        "Nov. 2026", "nov-2026", "2026-11-30", "2026-11-01T00:00:00Z", "2026-11-01 00:00:00+00:00",
    ],
)  # fmt: skip
def test_months_in_the_ways_in_which_they_are_written(text: str) -> None:
    assert invoice_cells.month(text) == NOVEMBER


@pytest.mark.parametrize(
    "text",
    [
        "", "2026", "11", "2026-13", "2026-00", "0/2026", "2026-11-31", "05/11/2026", "Nov-26", "N 2026",
        "1999-12", "2100-01", "Novembre 2026", "２０２６-11", "2026-11; drop table", "46327", "=A1",
    ],
)  # fmt: skip
def test_what_is_no_month_or_may_be_two(text: str) -> None:
    assert invoice_cells.month(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"), ("12", "12"), ("12.", "12"), ("12.5", "12.5"), ("$12.50", "12.50"), ("US$ 12.50", "12.50"),
        ("12.50 USD", "12.50"), ("usd 12.50", "12.50"), ("1,234.56", "1234.56"), ("$1,234,567", "1234567"),
        ("1,234", "1234"), ("1.234", "1.234"), ("1'234.50", "1234.50"), ("1\u202f234.50", "1234.50"),
        ("-3.10", "-3.10"), ("-$3.10", "-3.10"), ("$-3.10", "-3.10"), ("−3.10", "-3.10"), ("($3.10)", "-3.10"),
        ("0.000000001", "0.000000001"), ("0012", "12"),
    ],
)  # fmt: skip
def test_amounts_in_the_ways_in_which_they_are_written(text: str, expected: str) -> None:
    assert invoice_cells.usd(text) == D(expected)


@pytest.mark.parametrize(
    "text",
    [
        "", "free", "€12", "12 EUR", "12%", "1e3", "NaN", "Infinity", "١٢", "--3", "-(3)", "(3", "1,23", "12,50",
        "1,2345", "1.234.567", "1,234,56", "$", "=1+1", "+3", "9" * 16, "0." + "1" * 13, "1 2",
    ],
)  # fmt: skip
def test_what_is_no_amount_or_may_be_two(text: str) -> None:
    assert invoice_cells.usd(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12,50", "12.50"), ("1.234,56", "1234.56"), ("1 234,56", "1234.56"), ("1234.56", "1234.56"),
        ("1,234.56", "1234.56"), ("0,025", "0.025"), ("1.234.567", "1234567"), ("12", "12"),
        ("1,234", None), ("1.234", None), ("1,234.5,6", None),
    ],
)  # fmt: skip
def test_with_a_comma_before_decimals_what_may_mean_two_things_is_refused(text: str, expected: str | None) -> None:
    assert invoice_cells.usd(text, comma=True) == (None if expected is None else D(expected))


def test_an_invoice_of_a_spreadsheet() -> None:
    """A mark at its start, other columns, quotes, blank lines, several lines of one provider and month."""
    text = (
        "\ufeffInvoice no,Vendor,Billing_Month,Cost (USD),Note\r\n"
        'A-1, Painter One ,11/2026,"$1,200.10","first, of two\nlines"\r\n'
        ",,,,\r\n\r\n"
        "A-2,Writer,Nov 2026,(0.10),\r\n"
        "A-3,Painter  One,2026-11-05,0.25,,,\r\n"
        "A-4,Painter One,2026-12,3,"
    )
    assert parse(text.encode()) == (
        InvoiceLine("Painter One", NOVEMBER, D("1200.35")),
        InvoiceLine("Writer", NOVEMBER, D("-0.10")),
        InvoiceLine("Painter One", date(2026, 12, 1), D(3)),
    )


@pytest.mark.parametrize(("delimiter", "amount"), [(";", "1.234,50"), (";", "1234.50"), ("\t", "1,234.50")])
def test_semicolons_and_tabs(delimiter: str, amount: str) -> None:
    rows = [("month", "provider", "amount"), ("2026-11", "painter", amount)]
    text = "\r".join(delimiter.join(row) for row in rows)
    assert parse(text.encode()) == (InvoiceLine("painter", NOVEMBER, D("1234.5")),)


def test_a_column_of_currencies_must_say_usd() -> None:
    assert parse(b"provider,month,amount,currency\np,2026-11,5,usd") == (InvoiceLine("p", NOVEMBER, D(5)),)
    with pytest.raises(InvoiceNotUsd, match=r'Line 2, column "Currency": "EUR" is not USD'):
        parse(b"provider,month,amount,Currency\np,2026-11,5,EUR")


HEAD = b"provider,month,amount\n"


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        (b"", InvoiceEmpty, "holds no amounts"),
        (b"\n \n,,\n", InvoiceEmpty, "holds no amounts"),
        (HEAD, InvoiceEmpty, "holds no amounts"),
        (b"x" * 1024 * 1025, InvoiceTooLarge, "larger than 1 MB"),
        (HEAD + b"p,2026-11,1\n" * 20_001, InvoiceTooLong, "more than 20000 lines"),
        ("provider,month,amount".encode("utf-16"), InvoiceNotText, 'Save the table as "CSV UTF-8"'),
        ("공급자".encode("cp949"), InvoiceNotText, "not text in UTF-8"),
        (b"PK\x03\x04\x00\x00", InvoiceNotText, "not text in UTF-8"),
        (b"month,amount\n2026-11,5", InvoiceLacksColumn, r'Line 1: no column is called "provider" \(or vendor'),
        (b"\nvendor;sum;cost\n", InvoiceLacksColumn, r'Line 2: .*"month".*The columns are: vendor, sum, cost\.'),
        (HEAD.replace(b"\n", b",Cost\n"), InvoiceDoubleColumn, 'Line 1: both "amount" and "Cost" may be'),
        (HEAD + b'"p,2026-11,1\n', InvoiceNotCsv, "cannot be read as CSV"),
        (HEAD + b'"p"x,2026-11,1\n', InvoiceNotCsv, "Line 2 cannot be read as CSV"),
        (HEAD + b"p," + b"1" * 140_000, InvoiceNotCsv, "far too long"),
        (HEAD + b"p,2026-11,1,234.50\n", InvoiceLineBroken, "Line 2 has 4 cells under 3 columns. Put"),
        (HEAD + b"p,2026-11\n", InvoiceLineBroken, "Line 2 has 2 cells under 3 columns"),
        (HEAD + b" ,2026-11,1\n", InvoiceNoProvider, r'Line 2, column "provider": write a provider'),
        (HEAD + b"p" * 81 + b",2026-11,1\n", InvoiceNoProvider, "at most 80 printable"),
        ("provider,month,amount\np\u202eq,2026-11,1".encode(), InvoiceNoProvider, "at most 80 printable"),
        (HEAD + b"p,2026-11,1\n\nTotal,,1\n", InvoiceNoMonth, r'Line 4, column "month": "" is no month\. Write'),
        (HEAD + b"p,05/11/2026,1", InvoiceNoMonth, '"05/11/2026" is no month'),
        (HEAD + b"p,2026-11,", InvoiceNoAmount, 'column "amount": "" is not clearly an amount in US dollars'),
        (HEAD + b'p,2026-11,"12,50"', InvoiceNoAmount, r'"12,50" is not clearly .* Write it as 1234\.56\.'),
        (b"provider;month;amount\np;2026-11;1,234", InvoiceNoAmount, 'Line 2.*"1,234" is not clearly an amount'),
        (HEAD + b"p,2026-11," + b"=" * 99, InvoiceNoAmount, f'"{"=" * 60}…"'),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_says_where_and_how_to_mend_it(
    data: bytes, error: type[InvoiceError], told: str
) -> None:
    with pytest.raises(error, match=told):
        parse(data)


def test_hostile_content_is_text() -> None:
    name = "=cmd|' /C calc'!A0 <script>{0}%s</script>"
    assert parse(f'provider,month,amount\n"{name}",2026-11,1'.encode()) == (InvoiceLine(name, NOVEMBER, D(1)),)


def test_as_many_lines_as_there_may_be() -> None:
    (line,) = parse(HEAD + b"p,2026-11,0.01\n" * invoice.MAX_LINES)
    assert line.usd == D(200)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
@settings(max_examples=200, deadline=None)
def test_whatever_the_file_holds_it_is_read_or_refused_with_words(data: bytes) -> None:
    for start in (b"", HEAD, HEAD + b"p,2026-11,1\n", HEAD.replace(b",", b";")):
        try:
            lines = parse(start + data)
        except OpsError as error:
            assert str(error)
        else:
            assert lines
            assert all(one.provider and one.month.day == 1 and one.usd.is_finite() for one in lines)


NAMES = (
    st.text("abcXYZ 0-_.,;\"'=é가", min_size=1, max_size=12).map(lambda name: " ".join(name.split())).filter(bool)
)
MONTHS = st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: day.replace(day=1))
CENTS = st.integers(-(10**11), 10**11)
LINES = st.dictionaries(st.tuples(NAMES, MONTHS), CENTS, min_size=1, max_size=6)
MONTH_FORMATS = ("%Y-%m", "%m/%Y", "%b %Y", "%B %Y", "%Y-%m-17", "%Y/%m")
AMOUNT_FORMATS = {",": ("{:.2f}", "${:,.2f}", "{:,.2f}"), ";": ("{:.2f}", "{:,.2f}"), "\t": ("{:.2f} USD",)}


@given(LINES, st.sampled_from(",;\t"), st.sampled_from(MONTH_FORMATS), st.integers(0, 2), st.booleans())
@settings(max_examples=200, deadline=None)
def test_what_was_written_is_what_is_read(
    lines: dict[tuple[str, date], int], delimiter: str, month: str, form: int, mark: bool
) -> None:
    formats = AMOUNT_FORMATS[delimiter]
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(("Provider", "Month", "USD"))
    for (name, first), cents in lines.items():
        writer.writerow((name, first.strftime(month), formats[form % len(formats)].format(D(cents) / 100)))
    found = parse(file.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    assert {(one.provider, one.month): one.usd for one in found} == {
        place: D(cents) / 100 for place, cents in lines.items()
    }
