"""Whatever file is uploaded as an invoice: amounts, or words; what is too large is refused before it is read."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from dashboard.components.cost_reconciliation import UPLOAD
from queries import invoice
from queries.errors import OpsError
from queries.invoice_errors import InvoiceError, InvoiceNotCsv, InvoiceNotText, InvoiceTooLarge
from tests.fuzz import hostile, shown
from tests.pages.screen import opened, run, words

HEAD = ("provider", "month", "amount")
CELLS = hostile.any_texts() | st.sampled_from(
    ["2026-11", "11/2026", "1", "-0", "1e3", "$1,234.50", "=1+1", "", '"', "\ufeff", ",;\t", "\r", "x" * 200_000]
)
ROWS = st.lists(st.lists(CELLS, max_size=5), max_size=4)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252", "utf-7"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Rows as some program might write them, in some encoding, perhaps cut or with a byte changed."""
    file = io.StringIO()
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    writer = csv.writer(file, delimiter=draw(st.sampled_from(",;\t")), quoting=quoting)
    writer.writerow(draw(st.permutations(HEAD) | st.lists(CELLS, max_size=5)))
    writer.writerows(draw(ROWS))
    data = file.getvalue().encode(draw(ENCODINGS), errors="replace")
    cut = draw(st.none() | st.integers(0, 200))
    return data[:cut] + draw(st.binary(max_size=3))


@given(files() | st.binary(max_size=200))
@hostile.examples(250)
def test_any_file(data: bytes) -> None:
    try:
        lines = invoice.parse(data)
    except InvoiceError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 600
        return
    assert lines
    for line in lines:
        assert line.provider.isprintable()
        assert len(line.provider) <= invoice.MAX_PROVIDER_LENGTH
        assert 2000 <= line.month.year < 2100
        assert line.usd.is_finite()
        assert abs(line.usd) < Decimal(10) ** 20


def zipped(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xff" * (2**20 + 1), InvoiceTooLarge),
        (b'"' * (2**20 + 1), InvoiceTooLarge),
        (b'"' * 2**20, InvoiceError),
        (b"," * 2**20, InvoiceError),
        (b"\n" * 2**20, InvoiceError),
        (b'"provider' + b"x" * 2**19, InvoiceNotCsv),
        (gzip.compress(b"provider,month,amount\n"), InvoiceNotText),
        (zipped("invoice.csv", b"0" * 2**24), InvoiceNotText),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", InvoiceNotText),
        (b"\x89PNG\r\n\x1a\n", InvoiceNotText),
        ("provider,month,amount\n".encode("utf-32"), InvoiceNotText),
    ],
    ids=["large", "large-quotes", "quotes", "commas", "lines", "field", "gzip", "zip", "pdf", "png", "utf-32"],
)
def test_what_is_no_invoice(data: bytes, error: type[OpsError]) -> None:
    with pytest.raises(error):
        invoice.parse(data)


class Untouchable(bytes):
    """Fails whoever reads it."""

    def decode(self, *_: object, **__: object) -> str:
        raise AssertionError("it was read")


def test_the_size_is_looked_at_before_anything_is_read() -> None:
    with pytest.raises(InvoiceTooLarge):
        invoice.parse(Untouchable(b"x" * (2**20 + 1)))


@pytest.mark.usefixtures("newer")
def test_hostile_providers_and_errors_on_the_page() -> None:
    """What the file says is compared and told as text."""
    at = opened("costs")
    names = [" ".join(text.split()) for text in hostile.CORPUS]
    rows = [(name, "2026-11", "1") for name in names if 0 < len(name) <= 80 and name.isprintable()]
    assert len(rows) > 30
    file = io.StringIO()
    csv.writer(file).writerows([HEAD, *rows])
    shown.safe(uploaded(at, file.getvalue()))
    for text in (hostile.SCRIPTS[1], hostile.MARKDOWN[0], hostile.MARKDOWN[8], hostile.MARKDOWN[9]):
        shown.safe(uploaded(at, f"provider,month,amount\np,2026-11,{text}"))
        assert "is not clearly an amount" in words(at)


def uploaded(at: AppTest, text: str) -> AppTest:
    at.file_uploader(key=UPLOAD).set_value(("invoice.csv", text.encode(), "text/csv"))
    return run(at)
