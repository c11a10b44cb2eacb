"""What is known of one job at this moment: each source asked on its own, its failure kept as an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dashboard import fetch, situation
from dashboard.components.notices import guarded
from dashboard.situation import STEADY
from queries import acknowledgements, clock, job_story, jobs, step_times
from queries.audit_models import Acknowledgement
from queries.errors import OpsError
from queries.job_models import Check
from queries.models import Job, StuckJob
from queries.step_times import StepTime


@dataclass(frozen=True, slots=True)
class Known:
    """A job by the database's clock. stuck and note are None where it is not stuck and nobody left one."""

    job: Job
    now: datetime
    usual: Mapping[str, StepTime]
    stuck: StuckJob | OpsError | None
    note: Acknowledgement | OpsError | None
    checks: tuple[Check, ...]

    @property
    def attempts(self) -> int | None:
        """None where the deployment does not count them."""
        return None if self.job.retry_count is None else self.job.retry_count + 1


def ask(job_id: str) -> Known | None:
    """None where there is no such job. Raises DatabaseError."""
    job = fetch.database(jobs.get, job_id).value
    if job is None:
        return None
    return Known(
        job,
        fetch.database(clock.now).value,
        usual(),
        guarded(lambda: _stuck(job_id)),
        guarded(lambda: fetch.store(acknowledgements.current, (job_id,)).value.get(job_id)),
        _checks(job_id),
    )


def usual() -> Mapping[str, StepTime]:
    """The usual times of the steps; none where nothing tells."""
    answer = guarded(lambda: fetch.database(step_times.usual, ttl=STEADY).value)
    return {} if isinstance(answer, OpsError) else answer


def _stuck(job_id: str) -> StuckJob | None:
    return next((one for one in situation.stuck_jobs().value.jobs if one.job.id == job_id), None)


def _checks(job_id: str) -> tuple[Check, ...]:
    answer = guarded(lambda: fetch.database(job_story.checks, job_id).value)
    return () if answer is None or isinstance(answer, OpsError) else answer
