"""The one edition of a closed week's report: made once, kept in the store, and repeated from then on."""

from __future__ import annotations

from datetime import datetime

from actions import reports as kept_reports
from actions.errors import ReadOnly
from dashboard import connections, fetch
from dashboard.components.notices import guarded
from dashboard.i18n import translated_error
from dashboard.report import making
from dashboard.report.errors import WeekToCome
from dashboard.report.numbers import Edition, document, recalled
from dashboard.report.weeks import Week
from queries import clock, reports
from queries.database import translated
from queries.errors import OpsError
from queries.ops_store import SETTING
from queries.reports import KeptReport


def now() -> datetime:
    """The database's clock. Raises DatabaseError."""
    return fetch.database(clock.now).value


def edition(week: Week, zone: str, *, anew: bool = False) -> Edition:
    """The week's numbers in days of zone (IANA name): those that were kept, else made now, and kept if it is over.

    anew makes and keeps them anew. Where they cannot be kept the edition says why. Raises WeekToCome,
    NumbersUnreadable, DatabaseError.
    """
    at = now()
    if not week.has_begun(zone, at):
        raise WeekToCome(week=week.name, first=week.first, zone=zone)
    if not week.is_over(zone, at):
        return Edition(making.numbers(week, zone, at), at)
    before = None if anew else guarded(lambda: _kept(week, zone))
    if isinstance(before, KeptReport):
        return _fixed(before, week)
    return _made(week, zone, at, anew=anew)


def _kept(week: Week, zone: str) -> KeptReport | None:
    """Asked past the cache: two who make it at once have to see the same."""
    with translated(SETTING), connections.store().connect() as connection:
        return reports.kept(connection, week.name, zone)


def _made(week: Week, zone: str, at: datetime, *, anew: bool) -> Edition:
    numbers = making.numbers(week, zone, at)
    answer = guarded(lambda: _keep(week, zone, document(numbers), anew=anew))
    if isinstance(answer, OpsError):
        return Edition(numbers, at, why_not=translated_error(answer))
    return _fixed(answer, week)


def _keep(week: Week, zone: str, numbers: dict[str, object], *, anew: bool) -> KeptReport:
    if connections.settings().read_only:
        raise ReadOnly(setting="OPS_READ_ONLY")
    return kept_reports.keep(connections.store(), week.name, zone, numbers, anew=anew)


def _fixed(kept: KeptReport, week: Week) -> Edition:
    return Edition(recalled(kept.numbers, week.name), kept.made_at, kept.revision, fixed=True)
