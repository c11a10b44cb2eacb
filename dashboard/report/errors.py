"""Why a report was not made, or not sent. The first docstring paragraph is the reader's message."""

from __future__ import annotations

from queries.errors import OpsError


class ReportError(OpsError):
    """The report could not be made."""


class NotAWeek(ReportError):
    """{text} is no week (--week): write a year and its ISO week, such as {example}."""


class WeekToCome(ReportError):
    """Week {week} begins on {first} ({zone}): there is nothing to report yet."""


class WeekGoesOn(ReportError):
    """Week {week} ends with {last} ({zone}), and is sent once it is over. Without --send it can be looked at."""


class NumbersUnreadable(ReportError):
    """The numbers kept for week {week} cannot be read ({detail}). Make them anew: ops-dashboard report --anew"""


class PdfUnavailable(ReportError):
    """A PDF needs system libraries that are missing here ({detail}). Run: apt-get install {packages}"""


class FileUnwritable(ReportError):
    """{path} cannot be written: {detail}"""


class OptionsUnfit(ReportError):
    """{options}: {detail}"""
