"""Sends a week's report to each of its targets, once: whoever claims a target in the store first is the one.

What is claimed and has no time of arrival may have arrived or not: nobody but a person can tell, so that is
said, and nothing is repeated by itself. Neither the store nor what is told holds a target's secret.
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from actions import reports
from actions.reports import Claim
from dashboard import connections
from dashboard.i18n import t
from dashboard.report import page, phrases, verdicts
from dashboard.report.files import File, attachment
from dashboard.report.numbers import Edition
from queries.errors import NotConfigured

# For one target: a mail server or a chat that is slower takes no more.
PATIENCE_SECONDS = 60
DIGITS = 12
# All that is told of what a target answered: the rest of it may hold an address with its secret.
_STATUS = re.compile(r"error=(\d{3})\b")


@dataclass(frozen=True, slots=True)
class Target:
    """One receiver: url is its secret, name what stands for it."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one target, in words; fine: it has arrived, now or before."""

    line: str
    fine: bool


def targets() -> tuple[Target, ...]:
    """Those of the settings, each once. Raises NotConfigured where there is none."""
    here = connections.settings()
    secret = here.report_targets.get_secret_value() if here.report_targets is not None else ""
    if not secret.split():
        raise NotConfigured(what=t("Where the weekly report is sent"), setting="OPS_REPORT_TARGETS")
    return tuple(Target(_name(url, here.user_alias_key), url) for url in dict.fromkeys(secret.split()))


def send(edition: Edition, *, again: bool = False, everyone: bool = False) -> tuple[Told, ...]:
    """A line a target. again also where it is unknown whether it arrived; with everyone, also where it did.

    Raises NotConfigured, NotKept and DatabaseError: what cannot be claimed is not sent.
    """
    told: list[Told] = []
    made: File | None = None
    for target in targets():
        here = reports.Target(edition.numbers.week, edition.numbers.zone, target.name)
        claim = reports.claim(connections.store(), here, again=again, everyone=everyone)
        if not claim.mine:
            told.append(_left(target, claim))
            continue
        made = made or attachment(edition)
        told.append(_sent(target, here, claim, edition, made))
    return tuple(told)


def message(edition: Edition) -> tuple[str, str]:
    """Title and text."""
    numbers = edition.numbers
    lines = [sentence.line for sentence in verdicts.sentences(numbers)]
    where = connections.settings().console_url
    title = f"{page.name()}: {phrases.title(numbers)}, {phrases.foreign(numbers.environment)}"
    days = t("{dates} · days of {zone}", dates=phrases.dates(numbers), zone=numbers.zone)
    return title, "\n".join([days, "", *(f"- {line}" for line in lines), *(["", where] if where else [])])


def _name(url: str, key: str) -> str:
    """What kind it is, and a keyed hash: a host may be a token."""
    digest = hmac.digest(key.encode(), f"report target {url}".encode(), "sha256").hex()
    return f"{url.partition(':')[0].lower()}:{digest[:DIGITS]}"


def _left(target: Target, claim: Claim) -> Told:
    """Somebody else's, or done."""
    before = claim.before
    if before is not None and before.sent_at is not None:
        at = phrases.instant(before.sent_at)
        return Told(t("{target}: sent on {at} already, nothing was sent.", target=target.name, at=at), True)
    at = phrases.instant(claim.at)
    return Told(
        t(
            "{target}: begun on {at}, nobody knows whether it arrived. Look there; to repeat it: --send --again",
            target=target.name,
            at=at,
        ),
        False,
    )


def _sent(target: Target, here: reports.Target, claim: Claim, edition: Edition, made: File) -> Told:
    failure = _notified(target, message(edition), made)
    if failure is not None:
        again = t("To try again: --send --again")
        return Told(t("{target}: not sent: {why} {again}", target=target.name, why=failure, again=again), False)
    reports.sent(connections.store(), here, claim)
    return Told(t("{target}: sent, with {file}.", target=target.name, file=made.name), True)


def _notified(target: Target, text: tuple[str, str], made: File) -> str | None:
    """Why it was not taken; None where it was."""
    from apprise import Apprise, NotifyFormat  # noqa: PLC0415  # a hundred services, and only sending needs them
    from apprise.attachment.memory import AttachMemory  # noqa: PLC0415

    title, body = text
    attached = AttachMemory(  # type: ignore[no-untyped-call]
        content=made.content, name=made.name, mimetype=made.format.mime
    )
    with _silent():
        sender = Apprise()
        if not sender.add(target.url):
            return t("Apprise knows no such address: check OPS_REPORT_TARGETS.")
        told = partial(sender.notify, body_format=NotifyFormat.TEXT, attach=attached, timeout=PATIENCE_SECONDS)
        with told(body, title) as result:
            return None if result else _why(result)


def _why(result: Any) -> str:
    found = _STATUS.search(" ".join(entry.message for entry in result.logs()))
    if found:
        return t("it answered with HTTP {status}.", status=found[1])
    return t("it did not answer, or refused it.")


@contextmanager
def _silent() -> Iterator[None]:
    """Its log may hold addresses with their secrets: it goes nowhere."""
    log, nowhere = logging.getLogger("apprise"), logging.NullHandler()
    log.addHandler(nowhere)
    log.propagate = False
    try:
        yield
    finally:
        log.propagate = True
        log.removeHandler(nowhere)
