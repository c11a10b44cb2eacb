"""The operator's reason: required, bounded, and plain text."""

from __future__ import annotations

import unicodedata

from actions.errors import ReasonMissing, ReasonTooLong

# A paragraph that a colleague still reads in a table; the audit log is not a place for documents.
REASON_LIMIT = 2000

# Characters that reorder the text around them: with them a line of the log can be made to read as another.
_REORDERING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


def cleaned(text: str) -> str:
    """The text without control, surrogate and reordering characters; line breaks and tabs become spaces."""
    spaced = "".join(" " if character in "\t\r\n" else character for character in text)
    return "".join(filter(_is_plain, spaced)).strip()


def checked(reason: str) -> str:
    """The cleaned reason. Raises ReasonMissing, ReasonTooLong."""
    text = cleaned(reason)
    if not text:
        raise ReasonMissing
    if len(text) > REASON_LIMIT:
        raise ReasonTooLong(length=len(text), limit=REASON_LIMIT)
    return text


def _is_plain(character: str) -> bool:
    return (
        unicodedata.category(character) not in {"Cc", "Cs"}
        and unicodedata.bidirectional(character) not in _REORDERING
    )
