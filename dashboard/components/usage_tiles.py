"""The five numbers of the Usage page."""

from __future__ import annotations

from dashboard import discretion
from dashboard.components import usage_words
from dashboard.components.formatting import NOTHING, count
from dashboard.components.tiles import Tile
from dashboard.components.usage_now import UsageNow
from dashboard.components.verdicts import State
from dashboard.i18n import t
from queries import concentration
from queries.usage_models import Tally


def tiles(now: UsageNow, new: int) -> list[Tile]:
    """Users, jobs, money, requests turned away, and how many equal users they are like. Raises DatabaseError."""
    total, origin = now.total, usage_words.source(now.reading)
    ended = t("{done} done, {failed} failed", done=count(total.done), failed=count(total.failed))
    return [
        Tile(t("Users"), count(len(now.users)), State.OK, t("{n} of them new", n=count(new)), origin),
        Tile(t("Jobs"), count(total.jobs), State.OK, ended, origin),
        *([_spend(total, origin)] if discretion.money_shown() else []),
        _rejections(now, origin),
        _effective(now, origin),
    ]


def _spend(total: Tally, origin: str) -> Tile:
    usd, told = usage_words.spent(total)
    return Tile(t("Spend"), usd, State.OK, told or t("by the ledger"), origin)


def _rejections(now: UsageNow, origin: str) -> Tile:
    label = t("Requests turned away")
    if not now.told:
        return Tile(label, NOTHING, State.NOT_OFFERED, t("not offered by this service"), origin)
    users = sum(user.tally.rejected > 0 for user in now.users)
    return Tile(label, count(now.total.rejected), State.OK, t("of {n} users", n=count(users)), origin)


def _effective(now: UsageNow, origin: str) -> Tile:
    jobs = [user.tally.jobs for user in now.users]
    equal, index = concentration.effective(jobs), concentration.hhi(jobs)
    note = t("no data: no job was made") if index is None else t("HHI {index}", index=f"{index:.3f}")
    return Tile(t("Effective users"), count(equal and round(equal)), State.OK, note, origin)
