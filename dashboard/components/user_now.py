"""What the User page knows of one user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dashboard import connections, fetch, situation, usage_totals
from dashboard.components import usage_limit, usage_span
from dashboard.components.usage_limit import Limit
from dashboard.components.usage_span import Days
from dashboard.usage_totals import Reading
from queries import user_history
from queries.usage_models import Tally, total
from queries.user_history import Seen

# Long enough for a habit, short enough for a phone.
DAYS = 30


@dataclass(frozen=True, slots=True)
class UserNow:
    """by_day are the service's days of which there is something to tell; everybody is all users' jobs in them.

    limit is None where it is not known; told: whether the service tells whose requests were turned away.
    """

    alias: str
    seen: Seen
    days: Days
    by_day: Mapping[date, Tally]
    everybody: int
    limit: Limit | None
    told: bool
    reading: Reading

    @property
    def today(self) -> Tally:
        return self.by_day.get(self.days.today, Tally())

    @property
    def together(self) -> Tally:
        """All of these days."""
        return total(self.by_day.values())


def ask(alias: str) -> UserNow:
    """Raises DatabaseError."""
    seen, days = fetch.database(user_history.seen, alias).value, usage_span.lately(DAYS)
    found = usage_totals.by_user_and_day(days.span, days.zone, seen.digests)
    everybody = usage_totals.by_kind_and_day(days.span, days.zone, ttl=situation.STEADY)
    by_day: dict[date, Tally] = {}
    for one in found.days:
        by_day[one.day] = by_day.get(one.day, Tally()) + one.tally
    return UserNow(
        alias=alias,
        seen=seen,
        days=days,
        by_day=by_day,
        everybody=sum(one.tally.jobs for one in everybody.days),
        limit=usage_limit.ask(),
        told=connections.service_schema().has_rejections,
        reading=found.reading,
    )
