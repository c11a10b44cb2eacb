"""Usage in words: who is at the limit, whether somebody gets around it, and on whom it rests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dashboard import links
from dashboard.components import usage_words
from dashboard.components.formatting import Zone, clock, count, duration, percent, plain
from dashboard.components.guardrail_words import DAILY_PER_USER
from dashboard.components.usage_now import UsageNow, share
from dashboard.components.verdicts import Link, State, Verdict
from dashboard.i18n import t, tn
from queries import concentration
from queries.aliases import shown
from queries.rotation import Rotation

# Above this share of the limit the rest of the day is short.
NEAR = 0.8
# Markets count as concentrated from here on: four users, equally large, would make up all.
CONCENTRATED = 0.25
# Fewer users than this always look concentrated.
CONCENTRATED_OF = 10
# As many as fit into a search's text.
LINKED = 60


def limit(now: UsageNow) -> list[Verdict]:
    """Who is at the daily limit or near it, and how many requests were turned away."""
    if not now.days.limited:
        return [_no_day(now), *_rejected_alone(now)]
    if now.limit is None:
        unknown = t("Who is near the daily limit is not known, since the service does not tell its limits.")
        return [Verdict(State.NOT_OFFERED, unknown), *_rejected_alone(now)]
    if not now.at_limit and not now.total.rejected:
        return [Verdict(State.OK, _calm(now, now.limit))]
    detail = " ".join(filter(None, (_rejected(now), _resets(now))))
    link = Link("guardrails", t("Look at the limit"), {links.LIMIT: DAILY_PER_USER})
    return [Verdict(State.WARNING, _reached(now, now.limit), detail, link)]


def rotation(found: Rotation | None, since: datetime | None, now: datetime, zone: Zone) -> list[Verdict]:
    """A verdict where it looks as if somebody changed keys; since is when the first of them was first seen."""
    if found is None or since is None:
        return []
    aliases = ",".join(shown(user.digest) for user in found.users[:LINKED])
    link = Link("jobs", t("Look at their jobs"), {links.QUERY: f"user:{aliases}"})
    begun = clock(since, zone, now=now)
    return [Verdict(State.WARNING, _rotation_words(found, begun), _supposed(found), link)]


def concentrated(now: UsageNow) -> Verdict:
    """On how few users the jobs rest."""
    jobs = [user.tally.jobs for user in now.users]
    index, half = concentration.hhi(jobs), concentration.most_of(jobs, 0.5)
    if index is None or half is None:
        return Verdict(State.NO_DATA, t("No job was made {days}.", days=usage_words.days(now.days)))
    first = now.users[0]
    if index > CONCENTRATED and len(jobs) >= CONCENTRATED_OF:
        return Verdict(
            State.WARNING,
            t("{share} of the jobs are one user's.", share=percent(share(first.tally.jobs, sum(jobs)), digits=0)),
            t("The others together use less than usual services do."),
            Link("user", t("Look at this user"), {links.USER: first.alias}),
        )
    return Verdict(State.OK, _spread(half, len(jobs)))


def _no_day(now: UsageNow) -> Verdict:
    return Verdict(
        State.NO_DATA,
        t("Who is near the daily limit shows on one day of the limits' zone; this is {days} in {zone}.").format(
            days=usage_words.days(now.days), zone=plain(now.days.zone)
        ),
    )


def _calm(now: UsageNow, limit: int) -> str:
    near = now.above(NEAR)
    if not near:
        return t("nobody above {share} of the daily limit of {limit}", share=_near(), limit=count(limit))
    return tn(
        "{n} user above {share} of the daily limit of {limit}, nobody at it",
        "{n} users above {share} of the daily limit of {limit}, nobody at it",
        near,
        share=_near(),
        limit=count(limit),
    )


def _reached(now: UsageNow, limit: int) -> str:
    reached = tn(
        "{n} user has reached the daily limit of {limit}",
        "{n} users have reached the daily limit of {limit}",
        now.at_limit,
        limit=count(limit),
    )
    near = now.above(NEAR)
    if not near:
        return f"{reached}."
    more = tn("{n} more is above {share}", "{n} more are above {share}", near, share=_near())
    return f"{reached}, {more}."


def _near() -> str:
    return percent(NEAR, digits=0)


def _rejected(now: UsageNow) -> str:
    if not now.total.rejected:
        return ""
    days = usage_words.days(now.days)
    return tn(
        "{n} request was turned away {days}.",
        "{n} requests were turned away {days}.",
        now.total.rejected,
        days=days,
    )


def _rejected_alone(now: UsageNow) -> Sequence[Verdict]:
    return [Verdict(State.OK, _rejected(now).removesuffix("."))] if now.total.rejected else []


def _resets(now: UsageNow) -> str:
    left = now.days.resets_in()
    return "" if left is None else t("The limit starts anew in {duration}.", duration=duration(left))


def _rotation_words(found: Rotation, since: str) -> str:
    users = tn("{n} new user since {time}", "{n} new users since {time}", len(found.users), time=since)
    few, many = count(found.fewest), count(found.most)
    jobs = many if few == many else t("{few} to {many}", few=few, many=many)
    if found.kind:
        made = t("{users} made {jobs} jobs each, all of one kind ({kind})", users=users, jobs=jobs, kind="{kind}")
        made = made.replace("{kind}", plain(found.kind))
    else:
        made = t("{users} made {jobs} jobs each", users=users, jobs=jobs)
    return f"{made}{_pace(found)}."


def _pace(found: Rotation) -> str:
    if found.in_turn is None:
        return ""
    return t(", one after the other") if found.in_turn else t(", at the same time")


def _supposed(found: Rotation) -> str:
    if found.in_turn is False:
        return t("One person with many keys, or a group that began together: their jobs may tell.")
    return t("This looks like one person who changes keys to get around the limit.")


def _spread(half: int, users: int) -> str:
    return tn(
        "half of the jobs by {n} of {users} users",
        "half of the jobs by {n} of {users} users",
        half,
        users=count(users),
    )
