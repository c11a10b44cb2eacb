"""A report as PDF, printed from its page."""

from __future__ import annotations

import hashlib
import logging

from dashboard.report.errors import PdfUnavailable

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def pdf(html: str) -> bytes:
    """A4, from a page that needs nothing else; the same for the same page. Raises PdfUnavailable."""
    try:
        from weasyprint import HTML  # noqa: PLC0415  # loads libraries of the system, and only reports need it
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as error:
        missing = str(error).splitlines()[0]
        raise PdfUnavailable(detail=missing, packages=PACKAGES) from error
    # It has a line for each property of a drawing that is none of a text's.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    own_data = URLFetcher(allowed_protocols={"data"})
    identifier = hashlib.sha256(html.encode()).digest()[:16]
    printed: bytes = HTML(string=html, url_fetcher=own_data).write_pdf(pdf_identifier=identifier)
    return printed
