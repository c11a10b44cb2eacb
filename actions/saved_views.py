"""Keep a search under a name for everybody, and take it away again. Each verb goes through the door."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from actions.audit import Door, Effect, Intent, Outcome, performed
from actions.errors import NameTaken, NameUnfit, ViewNotFound
from actions.permissions import Actor
from actions.reasons import cleaned
from actions.store import writing
from queries.bulk_models import SavedView
from queries.ops_store import SAVED_VIEWS

# One line of a menu, also on a phone.
NAME_LIMIT = 60


def save(
    door: Door,
    actor: Actor,
    name: str,
    *,
    page: str,
    query: str,
    request_id: str,
    reason: str = "Saved for everybody.",
) -> str:
    """Answers its id. query is what the page was asked for.

    Raises NameUnfit, NameTaken (in any case, among those not removed), and what performed() raises.
    """
    name, view_id = " ".join(cleaned(name).split()), str(uuid4())
    if not 1 <= len(name) <= NAME_LIMIT:
        raise NameUnfit(length=len(name), limit=NAME_LIMIT)
    row = {"id": view_id, "name": name, "name_key": name.casefold(), "page": page, "query": query}

    def act() -> Effect:
        added = insert(SAVED_VIEWS).values(row | {"actor": actor.name}).on_conflict_do_nothing()
        with writing(door.store) as connection:
            if connection.execute(added.returning(SAVED_VIEWS.c.id)).first() is None:
                raise NameTaken(name=name)
        return Effect({"name": name}, "Saved.")

    told = {"name": name, "page": page, "query": query}
    _done(door, actor, Intent("view.save", "view", view_id, reason, request_id, parameters=told), act)
    return view_id


def remove(
    door: Door, actor: Actor, view: SavedView, *, request_id: str, reason: str = "Removed for everybody."
) -> None:
    """Its row is kept, with who removed it. Raises ViewNotFound where it is gone, and what performed() raises."""

    def act() -> Effect:
        there = sa.and_(SAVED_VIEWS.c.id == view.id, SAVED_VIEWS.c.removed_at.is_(None))
        removed = {"removed_at": sa.func.clock_timestamp(), "removed_by": actor.name}
        with writing(door.store) as connection:
            if connection.execute(SAVED_VIEWS.update().where(there).values(removed)).rowcount == 0:
                raise ViewNotFound(name=view.name)
        return Effect({}, "Removed.")

    told = {"name": view.name, "page": view.page, "query": view.query}
    _done(door, actor, Intent("view.remove", "view", view.id, reason, request_id, before=told), act)


def _done(door: Door, actor: Actor, intent: Intent, act: Callable[[], Effect]) -> Outcome:
    outcome = performed(door, actor, intent, act)
    if outcome.error is not None:
        raise outcome.error
    return outcome
