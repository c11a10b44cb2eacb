"""Bulk actions in words: what is done to which jobs, how far it is, when it ends and why it stands still."""

from __future__ import annotations

from datetime import timedelta

from actions.errors import recalled
from dashboard.components import audit_table
from dashboard.components.formatting import count, duration, plain
from dashboard.components.verdicts import State, Verdict
from dashboard.i18n import t, tn, translated_error
from queries.bulk_models import ENDED, Bulk, BulkJob, BulkState, Failure, ItemState

# A console takes up what is free within a second or two; after this it is worth a word that none did.
UNATTENDED = timedelta(seconds=10)


def state_words(bulk: Bulk) -> str:
    """Where it stands, in a word or three."""
    match bulk.state:
        case BulkState.RUNNING:
            return t("running")
        case BulkState.PAUSED:
            return t("paused by itself") if bulk.why else t("paused")
        case BulkState.STOPPED:
            return t("stopped")
        case BulkState.FINISHED:
            return t("finished")


def item_words(state: str) -> str:
    """Where one of its jobs stands, as a word."""
    words = {ItemState.WAITING: t("not touched"), ItemState.UNDER_WAY: t("under way")}
    return words.get(ItemState(state)) or audit_table.result_words(state)


def pace_words(per_minute: int | None) -> str:
    """How fast its jobs are released."""
    return t("as fast as it goes") if per_minute is None else t("{n} a minute", n=count(per_minute))


def tally(bulk: Bulk) -> str:
    """What came of its jobs so far: "3 done · 1 skipped · 5 not touched"; only what there is."""
    parts = [audit_table.tally(state.value, bulk.counts[state]) for state in ENDED if bulk.counts[state]]
    if number := bulk.counts[ItemState.UNDER_WAY]:
        parts.append(t("{n} under way", n=count(number)))
    if bulk.untouched:
        parts.append(tn("{n} not touched", "{n} not touched", bulk.untouched))
    return " · ".join(parts)


def headline(bulk: Bulk) -> str:
    """The action, how many jobs, and what came of them; markdown."""
    of = tn("{n} job", "{n} jobs", bulk.total)
    parts = (f"**{plain(audit_table.action_words(bulk.action))}**", of, tally(bulk))
    return " · ".join(part for part in parts if part)


def cause(failure: Failure) -> str:
    """An error as it was kept, in the reader's language."""
    error = recalled(failure.name, failure.fields)
    return failure.name if error is None else translated_error(error)


def message(item: BulkJob) -> str:
    """What happened to one job."""
    return cause(item.error) if item.error else item.message


def verdict(bulk: Bulk) -> Verdict:
    """What it does or did, and what to know about it."""
    match bulk.state:
        case BulkState.RUNNING:
            return _running(bulk)
        case BulkState.PAUSED:
            return _paused(bulk)
        case BulkState.STOPPED:
            head = t("Stopped by {who}: {through}.", who=plain(bulk.state_by), through=_through(bulk))
            left = tn("{n} job was not touched.", "{n} jobs were not touched.", bulk.untouched)
            return Verdict(State.OK, f"{head} {left}" if bulk.untouched else head)
        case BulkState.FINISHED:
            return _finished(bulk)


def _running(bulk: Bulk) -> Verdict:
    doing = {
        "job.retry": t("Retrying: {through}", through=_through(bulk)),
        "job.cancel": t("Cancelling: {through}", through=_through(bulk)),
        "job.acknowledge": t("Acknowledging: {through}", through=_through(bulk)),
        "job.snooze": t("Snoozing: {through}", through=_through(bulk)),
    }
    head = f"{doing.get(bulk.action, _through(bulk))}, {pace_words(bulk.per_minute)}"
    if not bulk.held and bulk.now - bulk.state_at > UNATTENDED:
        why = t("No console works on it now. It goes on by itself once one runs that may write.")
        return Verdict(State.WARNING, f"{head}.", why)
    if bulk.remaining is None:
        return Verdict(State.OK, f"{head}.")
    return Verdict(State.OK, f"{head}: {t('about {n} left', n=duration(_about(bulk.remaining)))}.")


def _paused(bulk: Bulk) -> Verdict:
    waits = tn("{n} job is not touched.", "{n} jobs are not touched.", bulk.untouched)
    if bulk.why is None:
        head = t("Paused by {who}: {through}.", who=plain(bulk.state_by), through=_through(bulk))
        return Verdict(State.WARNING, head, waits)
    why = plain(cause(bulk.why))
    return Verdict(State.WARNING, t("Paused by itself: {through}.", through=_through(bulk)), f"{why} {waits}")


def _finished(bulk: Bulk) -> Verdict:
    took = duration((bulk.ended_at or bulk.now) - bulk.created_at)
    done = bulk.counts[ItemState.DONE]
    if done == bulk.total:
        return Verdict(
            State.OK, tn("All done: {n} job in {took}.", "All done: {n} jobs in {took}.", done, took=took)
        )
    return Verdict(State.WARNING, t("Finished in {took}: {tally}.", took=took, tally=tally(bulk)))


def _about(left: timedelta) -> timedelta:
    """In whole minutes, so that it does not flicker; in seconds only near the end."""
    minute = timedelta(minutes=1)
    return left if left < 2 * minute else round(left / minute) * minute


def _through(bulk: Bulk) -> str:
    return tn(
        "{ended} of {n} job is through", "{ended} of {n} jobs are through", bulk.total, ended=count(bulk.ended)
    )
