"""Where the controls stand: each page in each state in which it offers other actions, made ready and opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from streamlit.testing.v1 import AppTest

from dashboard import connections
from dashboard.components.cost_emergency_done import Done
from tests.access.controls import CONTROLS, buttons
from tests.faults.acts import ACTS, LIMIT, Tools
from tests.faults.world import World
from tests.pages.screen import opened, run

Address = Mapping[str, str]
PER_USER = "daily_job_limit_per_user"
DONE = "cost-emergency-done"
STUCK = """
update jobs set created_at = now() at time zone 'utc' - interval '1 h',
    updated_at = now() at time zone 'utc' - interval '50 min' where id = '{}'
"""
HELD = "update ops.bulks set next_at = now() + interval '1 hour' where id = '{}'"
USUAL = f"update guardrails set value = 20, temporary_value = null, expires_at = null where name = '{PER_USER}'"  # noqa: S608
# What a lower limit would have stopped, and what that cost.
BOOKS = """
insert into jobs (id, status, progress, current_step, user_key, created_at, updated_at)
select 'job_stake_' || n, 'done', 100, 'done', 'stake', at + n * interval '1 min', at + n * interval '2 min'
  from (select date_trunc('day', now() at time zone 'utc') - interval '1 day' as at) day, generate_series(1, 9) n
on conflict do nothing;
insert into cost_events (event_id, occurred_at, job_id, attempt, user_key, provider, kind, model, step, outcome,
    units, cost_usd)
select id, created_at at time zone 'utc', id, 1, 'stake', 'p', 'llm', 'm', 'generate_story', 'succeeded', 1, 2
  from jobs where user_key = 'stake' on conflict do nothing
"""


def _nothing(_: World, __: Tools) -> Address:
    return {}


def _as_it_is(at: AppTest) -> AppTest:
    return at


@dataclass(frozen=True)
class Scene:
    """page in one state: what has to be there, its address, the way to its controls, and which these are."""

    page: str
    controls: tuple[str, ...] = ()
    ready: Callable[[World, Tools], Address] = _nothing
    steps: Callable[[AppTest], AppTest] = _as_it_is
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def takes(self) -> list[str]:
        return sorted({action for name in self.controls for action in CONTROLS[name].takes})

    def seen(self, person: str, address: Address) -> AppTest:
        """As this person sees it; whoever lacks a button on the way stays before it."""
        return self.steps(opened(self.page, person=person, **address))


def clicked(*keys: str) -> Callable[[AppTest], AppTest]:
    """Press these in turn, as far as they are there."""

    def steps(at: AppTest) -> AppTest:
        for key in keys:
            for found in [one for one in buttons(at) if one.key == key and not one.disabled]:
                found.click()
                at = run(at)
        return at

    return steps


def _job(status: str, then: str = "") -> Callable[[World, Tools], Address]:
    def ready(world: World, _: Tools) -> Address:
        job = world.job(status)
        if then:
            world.execute(then.format(job))
        return {"job": job}

    return ready


def _stuck(world: World, here: Tools) -> Address:
    _job("running", STUCK)(world, here)
    return {}


def _search(world: World, here: Tools) -> Address:
    job = world.job("queued")
    failed = world.job("failed")
    ACTS["view.remove"].ready(world, here)
    return {"q": f"id:{job} id:{failed}"}


def _bulk(action: str) -> Callable[[World, Tools], Address]:
    """Nobody works on it before the press."""

    def ready(world: World, here: Tools) -> Address:
        bulk = ACTS[action].ready(world, here)
        world.execute(HELD.format(bulk))
        return {"batch": bulk}

    return ready


def _user(world: World, _: Tools) -> Address:
    world.job("failed")
    return {"user": connections.aliases().alias(world.keys[-1])}


def _intake(action: str) -> Callable[[World, Tools], Address]:
    def ready(world: World, here: Tools) -> Address:
        ACTS[action].ready(world, here)
        return {}

    return ready


def _limit(world: World, here: Tools) -> Address:
    known = ACTS["guardrail.change"].ready(world, here)
    return {"limit": LIMIT, "value": str(int(known["value"]))}


def _stake(world: World, _: Tools) -> Address:
    world.execute(BOOKS)
    return {"limit": PER_USER, "value": "2"}


def _proposal(world: World, here: Tools) -> Address:
    world.execute("delete from ops.guardrail_proposals where state = 'waiting'")
    ACTS["guardrail.approve"].ready(world, here)
    return {}


def _spending(world: World, here: Tools) -> Address:
    ACTS["intake.close"].ready(world, here)
    world.execute(USUAL)
    return {}


def _emergency(at: AppTest) -> AppTest:
    at = clicked("cost-emergency")(at)
    at.number_input(key=f"cost-emergency-{PER_USER}").set_value(3)
    return run(at)


def _after(at: AppTest) -> AppTest:
    at.session_state[DONE] = Done("too dear")
    return run(at)


def _after_lowering(at: AppTest) -> AppTest:
    rail = connections.service().guardrails().limits[PER_USER]
    at.session_state[DONE] = Done("too dear", PER_USER, replace(rail, value=rail.value + 1), rail.value)
    return run(at)


ON_JOBS = ("retry", "cancel", "acknowledge")
PACES = ("pace", "as fast as it goes")
DECISIONS = ("approve", "decline")
SCENES: dict[str, Scene] = {
    "overview": Scene("overview", (), _stuck),
    "alerts": Scene("alerts"),
    "usage": Scene("usage"),
    "audit log": Scene("audit_log"),
    "stuck jobs": Scene("stuck", ON_JOBS, _stuck, clicked("select-page")),
    "acknowledging": Scene(
        "stuck", (*ON_JOBS, "keep in view", "snooze"), _stuck, clicked("select-page", "do-job.acknowledge")
    ),
    "a search": Scene("jobs", ("retry", "cancel", "save", "remove"), _search, clicked("select-page")),
    "a failed job": Scene("job", ("retry",), _job("failed")),
    "a waiting job": Scene("job", ("cancel",), _job("queued")),
    "a stuck job": Scene("job", ON_JOBS, _job("running", STUCK)),
    "all bulks": Scene("bulks"),
    "a bulk that runs": Scene("bulks", ("pause", "stop", *PACES), _bulk("bulk.pause")),
    "a bulk that is paused": Scene("bulks", ("resume", "stop", *PACES), _bulk("bulk.resume")),
    "a user": Scene("user", ("note",), _user),
    "the open intake": Scene("queue", ("close intake",), _intake("intake.close")),
    "the closed intake": Scene("queue", ("open intake",), _intake("intake.open")),
    "an emergency": Scene("costs", ("close in an emergency", "lower in an emergency"), _spending, _emergency),
    "after a stop": Scene("costs", ("open intake",), _intake("intake.open"), _after),
    "after lowering": Scene("costs", ("put back after an emergency",), _spending, _after_lowering),
    "a limit": Scene("guardrails", ("change", "editor"), _limit),
    "a limit at stake": Scene(
        "guardrails", ("propose", "editor that may propose"), _stake, settings={"guardrail_approval_usd": "1"}
    ),
    "a proposal": Scene("guardrails", (*DECISIONS, "editor"), _proposal),
}
