"""One user in words: how close to the limit, since when known, how large a part of everything."""

from __future__ import annotations

from dashboard import discretion, links
from dashboard.components import usage_words
from dashboard.components.formatting import ago, clock, count, duration, percent
from dashboard.components.guardrail_words import DAILY_PER_USER
from dashboard.components.tiles import Tile
from dashboard.components.usage_now import share
from dashboard.components.usage_verdict import NEAR
from dashboard.components.user_now import DAYS, UserNow
from dashboard.components.verdicts import Link, State, Verdict
from dashboard.i18n import t, tn
from queries.usage_models import Tally


def verdicts(now: UserNow) -> list[Verdict]:
    """Everything that the page's first line has to say."""
    return [*_shared(now), _today(now), *_known(now), *usage_words.unrolled(now.reading)]


def tiles(now: UserNow) -> list[Tile]:
    """Jobs of today and of all shown days, what they cost, and requests turned away. Raises DatabaseError."""
    both, origin = now.together, usage_words.source(now.reading)
    ended = t("{done} done, {failed} failed, {refused} refused").format(
        done=count(both.done), failed=count(both.failed), refused=count(both.refused)
    )
    last = t("last {n} days", n=DAYS)
    turned = (count(both.rejected), last) if now.told else ("–", t("not offered by this service"))
    return [
        Tile(t("Jobs today"), count(now.today.jobs), State.OK, _of_limit(now), origin),
        Tile(t("Jobs, {n} days", n=DAYS), count(both.jobs), State.OK, ended, origin),
        *([_spend(both, origin)] if discretion.money_shown() else []),
        Tile(t("Requests turned away"), turned[0], State.OK, turned[1], origin),
    ]


def _spend(both: Tally, origin: str) -> Tile:
    usd, told = usage_words.spent(both)
    return Tile(t("Spend, {n} days", n=DAYS), usd, State.OK, told or t("by the ledger"), origin)


def _shared(now: UserNow) -> list[Verdict]:
    """Of 100,000 users about two share an alias."""
    users = len(now.seen.digests)
    if users == 1:
        return []
    words = tn("{n} user has this alias.", "{n} users share this alias: what follows is of all of them.", users)
    return [Verdict(State.WARNING, words)]


def _of_limit(now: UserNow) -> str:
    if now.limit is None:
        return t("the limit is not known")
    return t("of {limit}", limit=count(now.limit.current))


def _today(now: UserNow) -> Verdict:
    made = now.today.jobs
    if now.limit is None:
        return Verdict(
            State.OK, tn("{n} job today, the limit is not known", "{n} jobs today, the limit is not known", made)
        )
    limit = now.limit.current
    words = t("{n} of {limit} jobs today", n=count(made), limit=count(limit))
    if made < NEAR * limit and not now.today.rejected:
        return Verdict(State.OK, words)
    link = Link("guardrails", t("Look at the limit"), {links.LIMIT: DAILY_PER_USER})
    detail = " ".join(filter(None, (_rejected(now), _resets(now))))
    headline = t("At the daily limit: {words}.", words=words) if made >= limit else f"{words}."
    return Verdict(State.WARNING, headline, detail, link)


def _rejected(now: UserNow) -> str:
    rejected = now.today.rejected
    if not rejected:
        return ""
    return tn("{n} request was turned away.", "{n} requests were turned away.", rejected)


def _resets(now: UserNow) -> str:
    return t("The limit starts anew in {duration}.", duration=duration(now.days.span.until - now.days.now))


def _known(now: UserNow) -> list[Verdict]:
    if now.seen.first is None:
        return [Verdict(State.NO_DATA, t("This user never made a job here."))]
    zone, at = now.days.named_zone, now.days.now
    first = t("first seen {time} ({ago})", time=clock(now.seen.first, zone), ago=ago(now.seen.first, at))
    part = share(now.together.jobs, now.everybody)
    of_all = t("{share} of all jobs of the last {n} days", share=percent(part), n=DAYS)
    ever = tn("{n} job ever", "{n} jobs ever", now.seen.jobs)
    return [Verdict(State.OK, words) for words in (first, ever, of_all)]
