"""One cell for each action: what comes of it while a source is in trouble, and what is true after."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from actions import bulks, guardrail_proposals, guardrails, intake, jobs, saved_views, user_notes
from actions.audit import Door, Outcome
from actions.bulks import Order
from actions.client import ServiceClient
from actions.permissions import Actor, Role
from queries import guardrail_proposals as proposals
from queries import jobs as stored
from queries import saved_views as views
from queries import schema as schemas
from queries.aliases import Aliases
from queries.audit_models import Result
from queries.database import engine
from queries.errors import OpsError
from queries.models import Job
from tests.faults.world import World

ADA, MIA = Actor("ada@example.com", Role.ADMIN), Actor("mia@example.com", Role.ADMIN)
EXISTS = "select 1 from ops.{}"
LIMIT = "max_pending_jobs"
PATIENT = timedelta(seconds=20)
SHORT = timedelta(seconds=0.6)
_numbers = count(1)


@dataclass(frozen=True)
class Tools:
    """What an action acts with: as the console has them in the trouble, or as they should be."""

    door: Door
    client: ServiceClient

    def read(self, question: Callable[..., Any], *args: Any) -> Any:
        assert self.door.store is not None
        with self.door.store.connect() as connection:
            return question(connection, *args)


@contextmanager
def tools(world: World, store_url: str, service_url: str, patience: timedelta) -> Iterator[Tools]:
    store = engine(store_url, statement_timeout=patience)
    with ServiceClient(service_url, world.stack.admin_key, deadline=patience) as client:
        yield Tools(Door(store), client)
    store.dispose()


@dataclass(frozen=True)
class Act:
    """ready: made while all is well, answers what act and done need; done: whether it is true by now."""

    ready: Callable[[World, Tools], Any]
    act: Callable[[Tools, Any, str], object]
    done: Callable[[World, Tools, Any], bool]


def new_id() -> str:
    return f"matrix-{next(_numbers)}"


def tried(act: Callable[[], object]) -> Outcome | OpsError | None:
    """What the person is told: an outcome, an error, or nothing, which means that it is done."""
    try:
        told = act()
    except OpsError as error:
        return error
    return told if isinstance(told, Outcome) else None


def claims_done(told: Outcome | OpsError | None) -> bool:
    return told is None or (isinstance(told, Outcome) and told.error is None and told.result is Result.DONE)


def _job(status: str) -> Callable[[World, Tools], Job]:
    def made(world: World, here: Tools) -> Job:
        job_id = world.job(status)

        def asked(connection: Any) -> Job | None:
            return stored.get(connection, schemas.discover(connection, "jobs"), Aliases("key"), job_id)

        found: Job = here.read(asked)
        return found

    return made


def _status(*wanted: str) -> Callable[[World, Tools, Job], bool]:
    def reached(world: World, _: Tools, job: Job) -> bool:
        rows = world.execute(f"select status from jobs where id = '{job.id}'")  # noqa: S608
        return rows[0][0] in wanted

    return reached


def _rows(question: str, name: Callable[[Any], str] = str) -> Callable[[World, Tools, Any], bool]:
    """Whether ops has such a row; {} stands for the name of what was made ready."""
    return lambda world, _, ready: bool(world.execute(EXISTS.format(question.format(name(ready)))))


def _bulk(state: str) -> Callable[[World, Tools], str]:
    """A bulk of a job that nobody works on, since no console runs that might."""

    def made(world: World, here: Tools) -> str:
        bulk_id = new_id()
        bulks.start(here.door, ADA, _order(_job("failed")(world, here)), bulk_id=bulk_id, limit=10)
        if state == "paused":
            bulks.pause(here.door, ADA, bulk_id, request_id=new_id())
        return bulk_id

    return made


def _order(job: Job) -> Order:
    return Order("job.acknowledge", [job], "the provider is back", per_minute=1)


def _limit(world: World, here: Tools) -> dict[str, Any]:
    known = here.client.guardrails()
    now = known.limits[LIMIT]
    return {"etag": known.etag, "now": now, "value": now.value + 1}


def _holds(_: World, here: Tools, ready: Mapping[str, Any]) -> bool:
    return here.client.guardrails().limits[LIMIT].value == ready["value"]


def _change(here: Tools, ready: Mapping[str, Any], request_id: str) -> Outcome:
    return guardrails.change(
        here.door, here.client, ADA, limit=LIMIT, value=ready["value"], expires_at=None, reason="more workers",
        etag=ready["etag"], before=ready["now"], stake_usd=None, approval_usd=None, request_id=request_id,
    )  # fmt: skip


def _proposal(world: World, here: Tools) -> Any:
    limit = _limit(world, here)
    guardrail_proposals.propose(
        here.door, MIA, guardrail=LIMIT, before=limit["now"].value, value=limit["value"], lasts=None,
        reason="more workers", stake_usd=Decimal(9), request_id=new_id(),
    )  # fmt: skip
    (*_, made) = here.read(proposals.waiting)
    return limit | {"proposal": made}


def _propose(here: Tools, ready: Mapping[str, Any], request_id: str) -> object:
    return guardrail_proposals.propose(
        here.door, ADA, guardrail=LIMIT, before=ready["now"].value, value=ready["value"], lasts=None,
        reason=f"workers {ready['etag']} {ready['number']}", stake_usd=Decimal(9), request_id=request_id,
    )  # fmt: skip


def _numbered(world: World, here: Tools) -> dict[str, Any]:
    return _limit(world, here) | {"number": new_id()}


def _switched(*, accepting: bool) -> Callable[[World, Tools], Any]:
    """The intake as it has to be for the switch to change something."""

    def made(world: World, here: Tools) -> Any:
        now = here.client.intake()
        if now.accepting is not accepting:
            switch = intake.open if accepting else intake.close
            switch(here.door, here.client, ADA, reason="made ready", request_id=new_id(), before=now)
        return here.client.intake()

    return made


def _view(world: World, here: Tools) -> Any:
    name = new_id()
    saved_views.save(here.door, ADA, name, page="jobs", query="status:failed", request_id=new_id())
    return next(view for view in here.read(views.all) if view.name == name)


def _name(world: World, here: Tools) -> str:
    return new_id()


def _retry(here: Tools, job: Job, request_id: str) -> object:
    return jobs.retry(here.door, here.client, ADA, job, start="failed_step", reason="back", request_id=request_id)


def _snooze(here: Tools, job: Job, request_id: str) -> object:
    until = datetime.now(UTC) + timedelta(hours=1)
    return jobs.snooze(here.door, ADA, job.id, "tomorrow", until=until, request_id=request_id)


def _approve(here: Tools, ready: Mapping[str, Any], request_id: str) -> object:
    return guardrail_proposals.approve(
        here.door, here.client, ADA, ready["proposal"], reason="agreed", etag=ready["etag"], current=ready["now"],
        request_id=request_id,
    )  # fmt: skip


def _switch(*, accepting: bool) -> Callable[[Tools, Any, str], object]:
    switch = intake.open if accepting else intake.close
    return lambda here, before, request_id: switch(
        here.door, here.client, ADA, reason="too dear", request_id=request_id, before=before
    )


def _state(wanted: str) -> Callable[[World, Tools, Any], bool]:
    return _rows(f"bulks where id = '{{}}' and state = '{wanted}'")


def _proposal_id(ready: Mapping[str, Any]) -> str:
    return str(ready["proposal"].id)


ACTS: dict[str, Act] = {
    "job.retry": Act(_job("failed"), _retry, _status("queued")),
    "job.cancel": Act(
        _job("queued"),
        lambda here, job, request: jobs.cancel(
            here.door, here.client, ADA, job, reason="abuse", request_id=request
        ),
        _status("cancelled"),
    ),
    "job.acknowledge": Act(
        _job("failed"),
        lambda here, job, request: jobs.acknowledge(here.door, ADA, job.id, "known", request_id=request),
        _rows("acknowledgements where job_id = '{}'", lambda job: job.id),
    ),
    "job.snooze": Act(
        _job("failed"),
        _snooze,
        _rows("acknowledgements where job_id = '{}' and snoozed_until > now()", lambda job: job.id),
    ),
    "bulk.start": Act(
        _job("failed"),
        lambda here, job, _: bulks.start(here.door, ADA, _order(job), bulk_id=f"bulk-{job.id}", limit=10),
        _rows("bulks where id = 'bulk-{}'", lambda job: job.id),
    ),
    "bulk.pause": Act(
        _bulk("running"),
        lambda here, bulk, request: bulks.pause(here.door, ADA, bulk, request_id=request),
        _state("paused"),
    ),
    "bulk.resume": Act(
        _bulk("paused"),
        lambda here, bulk, request: bulks.resume(here.door, ADA, bulk, request_id=request),
        _state("running"),
    ),
    "bulk.stop": Act(
        _bulk("running"),
        lambda here, bulk, request: bulks.stop(here.door, ADA, bulk, request_id=request),
        _state("stopped"),
    ),
    "bulk.pace": Act(
        _bulk("running"),
        lambda here, bulk, request: bulks.pace(here.door, ADA, bulk, 7, request_id=request),
        _rows("bulks where id = '{}' and per_minute = 7"),
    ),
    "view.save": Act(
        _name,
        lambda here, name, request: saved_views.save(
            here.door, ADA, name, page="jobs", query="status:failed", request_id=request
        ),
        _rows("saved_views where name = '{}'"),
    ),
    "view.remove": Act(
        _view,
        lambda here, view, request: saved_views.remove(here.door, ADA, view, request_id=request),
        _rows("saved_views where id = '{}' and removed_at is not null", lambda view: view.id),
    ),
    "user.note": Act(
        _name,
        lambda here, digest, request: user_notes.add(here.door, ADA, digest, "asked them", request_id=request),
        _rows("user_notes where digest = '{}'"),
    ),
    "guardrail.change": Act(_limit, _change, _holds),
    "guardrail.propose": Act(
        _numbered,
        _propose,
        _rows("guardrail_proposals where reason like '%{}'", lambda ready: ready["number"]),
    ),
    "guardrail.approve": Act(_proposal, _approve, _holds),
    "guardrail.decline": Act(
        _proposal,
        lambda here, ready, request: guardrail_proposals.decline(
            here.door, ADA, ready["proposal"], reason="not now", request_id=request
        ),
        _rows("guardrail_proposals where id = '{}' and state = 'declined'", _proposal_id),
    ),
    # Last, since the jobs of the others are ordered as readers do.
    "intake.close": Act(
        _switched(accepting=True), _switch(accepting=False), lambda _, here, __: not here.client.intake().accepting
    ),
    "intake.open": Act(
        _switched(accepting=False), _switch(accepting=True), lambda _, here, __: here.client.intake().accepting
    ),
}
