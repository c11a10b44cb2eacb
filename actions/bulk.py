"""One action on many jobs, in the background: bounded, stoppable, and never twice on the same job."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from threading import Condition, Lock, Thread
from uuid import UUID, uuid5

import structlog

from actions.audit import Outcome
from actions.errors import ActionError, AlreadyPerformed, TooManyJobs
from queries.audit_models import Result
from queries.errors import OpsError
from queries.models import Job

log = structlog.get_logger(__name__)

Act = Callable[[Job, str], Outcome]

# A retry is one short call: eight at once finish 1,000 in well under a minute, and leave most of the service's
# connections to its users.
WORKERS = 8
# More jobs than one person can have looked at; a mistake stays a mistake that can be undone in an hour.
BULK_LIMIT = 1000
# Of finished batches the progress stays readable in memory; the audit log has all of them.
BATCHES_KEPT = 100

_NAMESPACE = UUID("6b1f5a52-6c54-4c9e-9f0d-0f6f3b0f7b11")


def request_id(batch_id: str, job_id: str) -> str:
    """The same for the same batch and job, so that a repeated batch repeats nothing."""
    return str(uuid5(_NAMESPACE, f"{batch_id}\n{job_id}"))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is. error is why it stopped by itself; untouched jobs are left as they were."""

    total: int
    done: int
    skipped: int
    refused: int
    failed: int
    finished: bool
    stopping: bool
    error: OpsError | None

    @property
    def untouched(self) -> int:
        return self.total - self.done - self.skipped - self.refused - self.failed


@dataclass(eq=False)
class Batch:
    """A running or finished batch; every method may be called from any thread."""

    id: str
    total: int
    _waiting: deque[Job]
    _finished: bool = False
    _stopping: bool = False
    _error: OpsError | None = None
    _results: Counter[Result] = field(default_factory=Counter)
    _outcomes: list[Outcome] = field(default_factory=list)
    _changed: Condition = field(default_factory=Condition)

    @property
    def progress(self) -> Progress:
        with self._changed:
            return Progress(
                total=self.total,
                done=self._results[Result.DONE],
                skipped=self._results[Result.SKIPPED],
                refused=self._results[Result.REFUSED],
                failed=self._results[Result.FAILED],
                finished=self._finished,
                stopping=self._stopping,
                error=self._error,
            )

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What came of the jobs so far, in the order in which they ended."""
        with self._changed:
            return tuple(self._outcomes)

    def stop(self) -> None:
        """Begin no further job; those that are under way are finished."""
        with self._changed:
            self._stopping = True
            self._waiting.clear()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether the batch finished in that time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._finished, timeout_seconds)

    def take(self) -> Job | None:
        """The next job, for the runner; None when none is left or the batch was stopped."""
        with self._changed:
            return self._waiting.popleft() if self._waiting else None

    def finish(self) -> None:
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def settle(self, job: Job, future: Future[Outcome]) -> None:
        """Count what came of one job. What the door refuses to one job it refuses to all: then stop."""
        error = future.exception()
        with self._changed:
            match error:
                case None:
                    self._count(future.result())
                case AlreadyPerformed():
                    self._count(
                        Outcome(request_id(self.id, job.id), job.id, Result.SKIPPED, str(error), {}, error)
                    )
                case ActionError():
                    self._error = self._error or error
                    self._waiting.clear()
                case _:
                    log.error("job of a batch failed", batch_id=self.id, job_id=job.id, exc_info=error)
                    name = type(error).__name__
                    self._count(Outcome(request_id(self.id, job.id), job.id, Result.FAILED, name, {}))

    def _count(self, outcome: Outcome) -> None:
        self._results[outcome.result] += 1
        self._outcomes.append(outcome)


class Runner:
    """The process's workers, shared by all batches in turn."""

    def __init__(self, workers: int = WORKERS) -> None:
        self._workers = workers
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="bulk")
        self._batches: dict[str, Batch] = {}
        self._lock = Lock()

    def batch(self, batch_id: str) -> Batch | None:
        """A batch of this process, as long as it is remembered."""
        with self._lock:
            return self._batches.get(batch_id)

    def close(self) -> None:
        """Stop every batch and wait for the jobs that are under way."""
        with self._lock:
            batches = tuple(self._batches.values())
        for batch in batches:
            batch.stop()
        for batch in batches:
            batch.wait()
        self._executor.shutdown()

    def admit(self, batch_id: str, jobs: Sequence[Job]) -> tuple[Batch, bool]:
        """The batch of that id, and whether it is new."""
        with self._lock:
            if known := self._batches.get(batch_id):
                return known, False
            self._forget()
            waiting = deque({job.id: job for job in jobs}.values())
            batch = self._batches[batch_id] = Batch(batch_id, len(waiting), waiting)
            return batch, True

    def run(self, batch: Batch, act: Act) -> None:
        """Take the batch to its end, never with more jobs under way than there are workers."""
        under_way: dict[Future[Outcome], Job] = {}
        try:
            while True:
                while len(under_way) < self._workers and (job := batch.take()):
                    under_way[self._executor.submit(act, job, request_id(batch.id, job.id))] = job
                if not under_way:
                    return
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    batch.settle(under_way.pop(future), future)
        finally:
            batch.finish()

    def _forget(self) -> None:
        finished = [batch_id for batch_id, batch in self._batches.items() if batch.progress.finished]
        for batch_id in finished[: max(0, len(self._batches) + 1 - BATCHES_KEPT)]:
            del self._batches[batch_id]


def start(runner: Runner, batch_id: str, jobs: Sequence[Job], act: Act) -> Batch:
    """Begin the batch, or answer the one that has this id already. Raises TooManyJobs.

    act performs the action on one job under the request id it is given.
    """
    if len(jobs) > BULK_LIMIT:
        raise TooManyJobs(count=len(jobs), limit=BULK_LIMIT)
    batch, is_new = runner.admit(batch_id, jobs)
    if is_new:
        Thread(target=runner.run, args=(batch, act), name=f"batch-{batch_id}", daemon=True).start()
    return batch
