"""A job's state in words: what, for how long, why, and what is usual."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from dashboard.components import assessments, stuck_table
from dashboard.components.formatting import ago, count, duration, percent, plain
from dashboard.components.job_known import Known
from dashboard.components.verdicts import MARKS, State
from dashboard.i18n import t, tn
from queries import job_quality
from queries.errors import OpsError
from queries.models import StuckRule
from queries.schema import REFUSALS
from queries.step_times import StepTime
from queries.steps import QUEUED


@dataclass(frozen=True, slots=True)
class Told:
    """What to say of a job, as markdown: whatever comes from outside is escaped. notes are lines of their own."""

    mark: str
    headline: str
    detail: str = ""
    notes: tuple[str, ...] = ()


def told(known: Known) -> Told:
    """The job's state; what could not be asked is said, too."""
    match known.job.status:
        case "failed" if known.job.error_code in REFUSALS:
            return _refused(known)
        case "failed":
            return Told(MARKS[State.CRITICAL], _ended(known, t("Failed {ago}{where}: {why}."), why=_code(known)))
        case "cancelled":
            return Told(":gray[:material/cancel:]", _ended(known, t("Cancelled {ago}{where}.")))
        case "done":
            return _done(known)
        case "queued" | "running":
            return _open(known)
        case status:
            headline = t("{status} for {duration}.", status=plain(status), duration=_for(known))
            return Told(":gray[:material/help:]", headline, t("The console does not know this status."))


def usual_words(time: StepTime | None) -> str:
    """How long it usually takes; "" where nothing tells."""
    if time is None:
        return ""
    p50, p95 = duration(time.p50), duration(time.p95)
    return p50 if p50 == p95 else t("{p50} to {p95}", p50=p50, p95=p95)


def _refused(known: Known) -> Told:
    headline = _ended(known, t("Refused {ago}{where}: {why}."), why=_code(known))
    return Told(":gray[:material/block:]", headline, t("A refusal is not a fault of the service."))


def _ended(known: Known, sentence: str, **fields: str) -> str:
    """The sentence with how long ago the job ended, where, and after how many attempts."""
    step, attempts = known.job.step, known.attempts
    circumstances = [t("at {step}", step=plain(step))] if step else []
    if attempts is not None and attempts > 1:
        circumstances.append(tn("after {n} attempt", "after {n} attempts", attempts))
    where = "".join(f" {one}" for one in circumstances)
    return sentence.format(ago=ago(known.job.updated_at, known.now), where=where, **fields)


def _code(known: Known) -> str:
    return plain(known.job.error_code or "") or t("no error code")


def _done(known: Known) -> Told:
    job, attempts = known.job, known.attempts
    took = duration(job.updated_at - job.created_at)
    if attempts is not None and attempts > 1:
        headline = t(
            "Done {ago}, at attempt {n}, {took} after it was ordered.",
            ago=ago(job.updated_at, known.now), n=count(attempts), took=took,
        )  # fmt: skip
    else:
        headline = t("Done in {took}, {ago}.", took=took, ago=ago(job.updated_at, known.now))
    faults = " ".join(_faults(known))
    return Told(MARKS[State.WARNING] if faults else ":green[:material/check_circle:]", headline, faults)


def _faults(known: Known) -> list[str]:
    """What is wrong with a book that was delivered."""
    faults = [t("Delivered with placeholder images.")] if job_quality.has_placeholders(known.checks) else []
    mean = job_quality.mean(known.checks)
    if mean is not None and mean < job_quality.PASS_MEAN:
        quality, bar = percent(float(mean)), percent(float(job_quality.PASS_MEAN))
        faults.append(t("Its quality is {quality}, below the {bar} that a book needs.", quality=quality, bar=bar))
    return faults


def _open(known: Known) -> Told:
    job = known.job
    if job.status == "queued":
        mark, headline = ":gray[:material/hourglass_empty:]", t("Queued for {duration}.", duration=_for(known))
        wait = usual_words(known.usual.get(QUEUED))
        usual = t("The usual wait is {usual}.", usual=wait) if wait else ""
    else:
        mark, headline = ":gray[:material/play_circle:]", _running(known)
        took = usual_words(known.usual.get(job.step or ""))
        usual = t("This step usually takes {usual}.", usual=took) if took else ""
    if known.stuck is not None and not isinstance(known.stuck, OpsError):
        worst = known.stuck.worst.rule is StuckRule.MONITOR_DEAD
        mark = MARKS[State.CRITICAL if worst else State.WARNING]
    return Told(mark, headline, usual, (*_stuck(known), *_note(known)))


def _running(known: Known) -> str:
    if not known.job.step:
        return t("Running for {duration}.", duration=_for(known))
    return t("Running {step} for {duration}.", step=plain(known.job.step), duration=_for(known))


def _stuck(known: Known) -> list[str]:
    if isinstance(known.stuck, OpsError):
        unknown = assessments.unavailable(t("Whether it is stuck"), known.stuck)
        return [f"{unknown.headline} {unknown.detail}"]
    if known.stuck is None:
        return []
    rules = " · ".join(stuck_table.rule_words(hit.rule) for hit in known.stuck.hits)
    since = duration(known.now - known.stuck.since)
    return [t("Stuck for {duration}: {rules}.", duration=since, rules=rules)]


def _note(known: Known) -> list[str]:
    note = known.note
    if note is None:
        return []
    if isinstance(note, OpsError):
        unknown = assessments.unavailable(t("Notes and snoozes"), note)
        return [f"{unknown.headline} {unknown.detail}"]
    who, said = plain(note.actor), plain(note.note)
    left = note.snoozed_until - known.now if note.snoozed_until is not None else timedelta(0)
    if left > timedelta(0):
        return [t("Snoozed for {duration} by {who}: {note}", duration=duration(left), who=who, note=said)]
    since = known.now - note.at
    return [t("{who} has looked after it for {duration}: {note}", who=who, duration=duration(since), note=said)]


def _for(known: Known) -> str:
    return duration(known.now - known.job.updated_at)
