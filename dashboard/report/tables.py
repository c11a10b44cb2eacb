"""A report's tables as its page shows them, ready for the template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from dashboard.components import cost_terms
from dashboard.components.cost_change import SMALL_UNIT, SMALL_USD
from dashboard.components.formatting import NOTHING, count, money, percent
from dashboard.i18n import t, tn
from dashboard.report import phrases
from dashboard.report.numbers import Numbers, Users
from queries import cost_change
from queries.waste import Waste

# What of a list is worth a manager's look; the rest is one row.
LISTED = 5


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below their heads; texts: so many first columns are, the others are amounts. name: which may be long.

    An empty first cell is as the one above. ids: in so many first rows the first cell is one. sum is the last row.
    Tables that are not wide stand side by side.
    """

    title: str
    about: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    sum: tuple[str, ...] = ()
    texts: int = 1
    name: int = 0
    ids: int = 0
    wide: bool = True


def tables(numbers: Numbers) -> Iterator[Table]:
    """Why it changed, what was wasted, and who and what cost most."""
    if numbers.this.usd is None:
        return
    if numbers.change is not None:
        yield _change(numbers.change)
    if numbers.waste_codes:
        yield _waste(numbers)
    if numbers.users is not None and numbers.users.top:
        yield _users(numbers.users, numbers.this.usd)
    if numbers.jobs:
        yield _jobs(numbers)


def _change(change: cost_change.Change) -> Table:
    """Rounded so that what is shown adds up."""
    small = max(change.before_usd, change.after_usd) < SMALL_USD
    shown = cost_change.rounded(change, SMALL_UNIT if small else cost_change.CENT)
    signed = partial(cost_terms.signed, places=4 if small else 2)
    effects = shown.effects[:LISTED]
    rest = sum((one.usd for one in shown.effects[LISTED:]), Decimal(0))
    rows = [(t("More jobs") if shown.jobs_usd >= 0 else t("Fewer jobs"), "", "", signed(shown.jobs_usd))]
    rows += [
        (
            phrases.foreign(cost_terms.bought(one.provider, one.kind)),
            signed(one.calls_usd),
            signed(one.price_usd),
            signed(one.usd),
        )
        for one in effects
    ]
    if rest:
        rows.append((t("Other providers and kinds"), "", "", signed(rest)))
    if shown.other_usd:
        rows.append((t("Not due to jobs or priced calls"), "", "", signed(shown.other_usd)))
    heads = (t("What changed"), t("calls per job"), t("price per call"), t("together"))
    about = t(
        "{before} the week before, {after} this week", before=money(shown.before_usd), after=money(shown.after_usd)
    )
    total = (t("Difference"), "", "", signed(shown.usd))
    return Table(t("Why it changed"), about, heads, tuple(rows), total)


def _waste(numbers: Numbers) -> Table:
    """Three lists below each other, each of which is all of the waste."""
    lists = (
        (t("Cause"), numbers.waste_codes),
        (t("Provider"), numbers.waste_providers),
        (t("Step"), numbers.waste_steps),
    )
    rows = [
        row
        for name, parts in lists
        if any(one.name or one.fate for one in parts)
        for row in _parts(name, parts, numbers)
    ]
    heads = (t("by"), t("what"), t("calls"), t("USD"), t("of the waste"))
    about = t("each list is all of it: {usd}", usd=money(numbers.this.wasted_usd))
    return Table(t("What bought nothing"), about, heads, tuple(rows), texts=2, name=1)


def _parts(name: str, parts: Sequence[Waste], numbers: Numbers) -> Iterator[tuple[str, ...]]:
    for place, one in enumerate(parts[:LISTED]):
        yield _part(name if place == 0 else "", phrases.wasted(one), one.calls, one.usd, numbers)
    if rest := parts[LISTED:]:
        calls, usd = sum((one.calls for one in rest), Decimal(0)), sum((one.usd for one in rest), Decimal(0))
        yield _part("", t("others"), calls, usd, numbers)


def _part(name: str, what: str, calls: Decimal, usd: Decimal, numbers: Numbers) -> tuple[str, ...]:
    return name, what, count(round(calls)), money(usd), _share(usd, numbers.this.wasted_usd)


def _share(usd: Decimal, whole: Decimal | None) -> str:
    return percent(float(usd / whole)) if whole else NOTHING


def _users(users: Users, usd: Decimal) -> Table:
    rows = [(one.alias, count(one.jobs), money(one.usd), _share(one.usd, usd)) for one in users.top]
    if users.others:
        others = tn("{n} other user", "{n} other users", users.others)
        rows.append((others, count(users.others_jobs), money(users.others_usd), _share(users.others_usd, usd)))
    if users.nobody_usd:
        rows.append((t("no user"), NOTHING, money(users.nobody_usd), _share(users.nobody_usd, usd)))
    heads = (t("user"), t("jobs"), t("USD"), t("of the week"))
    return Table(t("Who cost most"), t("users by their alias"), heads, tuple(rows), ids=len(users.top), wide=False)


def _jobs(numbers: Numbers) -> Table:
    rows = tuple(
        (phrases.foreign(one.job_id), phrases.foreign(one.status), money(one.usd), money(one.wasted))
        for one in numbers.jobs[:LISTED]
    )
    heads = (t("job"), t("status"), t("USD"), t("wasted"))
    return Table(t("Which jobs cost most"), t("this week"), heads, rows, texts=2, ids=len(rows), wide=False)
