"""Write something down about a user, for everybody; what was written stays."""

from __future__ import annotations

from actions.audit import Door, Effect, Intent, Outcome, performed
from actions.permissions import Actor
from actions.reasons import checked
from actions.store import writing
from queries.aliases import shown
from queries.ops_store import USER_NOTES


def add(door: Door, actor: Actor, digest: str, note: str, *, request_id: str) -> Outcome:
    """Keep the note under the user's digest; the audit log names the alias, and has the note as the reason.

    A note has the bounds of a reason. Raises what performed() raises.
    """

    def act() -> Effect:
        row = {"digest": digest, "actor": actor.name, "note": checked(note), "request_id": request_id}
        with writing(door.store) as connection:
            connection.execute(USER_NOTES.insert(), row)
        return Effect({}, "Noted.")

    outcome = performed(door, actor, Intent("user.note", "user", shown(digest), note, request_id), act)
    if outcome.error is not None:
        raise outcome.error
    return outcome
