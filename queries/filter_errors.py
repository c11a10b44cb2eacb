"""What can be wrong with the text of a filter, and where."""

from __future__ import annotations

from typing import Any

from queries.errors import OpsError


class FilterError(OpsError):
    """This is no filter."""

    def __init__(self, position: int, length: int, **fields: Any) -> None:
        self.position, self.length = position, length
        super().__init__(**fields)

    def text_in(self, text: str) -> str:
        """The offending part of the text that was parsed."""
        return text[self.position : self.position + self.length]


class TooLong(FilterError):
    """The filter is longer than {limit} characters."""


class BadCharacter(FilterError):
    """This character cannot be searched for: no text in the database holds it."""


class UnclosedQuote(FilterError):
    """This quotation mark is never closed. Within quotation marks, \\" stands for one."""


class UnknownQualifier(FilterError):
    """Nothing can be filtered by "{name}". To search for a text with a colon, put it in quotation marks."""


class MisspeltQualifier(UnknownQualifier):
    """Nothing can be filtered by "{name}". Did you mean "{suggestion}"?"""


class Withheld(FilterError):
    """Amounts of money are hidden from you, so nothing can be searched by "{name}"."""


class EmptyValue(FilterError):
    """A value is missing here. Write it without a space after the colon or comma."""


class Repeated(FilterError):
    """This limit is given twice: remove one of the two."""


class BadUser(FilterError):
    """This is no user's alias: "user-" and {digits} digits or letters from a to f, as the console shows it."""


class BadMoment(FilterError):
    """This is no time. Write how long ago (90m, 2h, 3d), a time of today (12:00), a day or a day and time
    (2026-11-23, 2026-11-23T09:00).
    """


class BadNumber(FilterError):
    """This is no amount in USD. Write one like 0.2 after one of <, <=, =, >=, >; for a range, give two."""


class BadCount(FilterError):
    """This is no whole number. Write one like 2 after one of <, <=, =, >=, >; for a range, give two."""


class QualifierNotOffered(OpsError):
    """Not offered by this service: "{qualifier}" needs {needs}, which its database does not have."""
