"""The text that is hashed, and the proof: whatever is changed, taken out or put in is found, and where."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from queries.audit_chain import START, canonical, hashed
from queries.audit_models import AuditEntry, AuditHead
from queries.audit_proof import Broken, Flaw, Proof, differing, proved
from tests.queries.audit_lines import chained, head, line

LINES = 6
WHOLE = chained([line(number) for number in range(1, LINES + 1)])
HEAD = head(WHOLE)
PLACES = some.integers(0, LINES - 1)
TEXTS = ("request_id", "actor", "role", "action", "target_kind", "target_id", "reason", "batch_id", "message")


def broken(lines: list[AuditEntry], end: AuditHead | None = HEAD, noted: AuditHead | None = None) -> Broken | None:
    return proved(lines, end, noted).broken


def flaw(lines: list[AuditEntry], end: AuditHead | None = HEAD) -> tuple[Flaw, int, int]:
    found = broken(lines, end)
    assert found is not None
    return found.flaw, found.first, found.last


def changed(place: int, **values: Any) -> list[AuditEntry]:
    return [*WHOLE[:place], replace(WHOLE[place], **values), *WHOLE[place + 1 :]]


def rehashed(place: int, **values: Any) -> list[AuditEntry]:
    other = replace(WHOLE[place], **values)
    return changed(place, **values, hash=hashed(other))


def test_the_text_of_a_line() -> None:
    one = line(7, position=3, previous="ab", reason="두 번, ok", batch_id="", result="done", message=None)
    assert canonical(one) == (
        "1:3,2:ab,1:7,27:2026-11-24T02:14:03.000005Z,3:r-7,6:intent,16:olga@example.com,8:operator,9:job.retry,3:job,"
        '5:job_7,7:두 번, ok,0:,17:{"from": "start"},20:{"status": "failed"},-,4:done,-,'
    )
    assert hashed(one) == sha256(canonical(one).encode()).hexdigest()


def test_an_instant_is_the_same_in_every_zone() -> None:
    seoul = datetime(2026, 11, 24, 11, 14, 3, 5, tzinfo=timezone(timedelta(hours=9)))
    assert canonical(line(at=seoul)) == canonical(line(at=seoul.astimezone(UTC)))


FIELDS = some.fixed_dictionaries({name: some.text("1:,-a", max_size=4) | some.none() for name in TEXTS})


@given(FIELDS, FIELDS)
def test_no_two_lines_have_the_same_text(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Also where fields hold what parts them."""
    assert (canonical(line(**one)) == canonical(line(**other))) == (one == other)


def test_a_whole_chain() -> None:
    assert proved(WHOLE, HEAD, HEAD) == Proof(LINES, HEAD, None)
    assert proved(WHOLE, HEAD, AuditHead(3, WHOLE[2].hash[:12])).broken is None
    assert proved([], START) == Proof(0, START, None)


@given(PLACES, some.sampled_from(sorted(AuditEntry.__dataclass_fields__)), some.data())
def test_any_field_of_any_line(place: int, name: str, data: some.DataObject) -> None:
    was = getattr(WHOLE[place], name)
    kinds = {int: some.integers(0, 2**40), datetime: some.datetimes(timezones=some.just(UTC))}
    value = data.draw(kinds.get(type(was), some.text(max_size=5) | some.none()).filter(lambda new: new != was))
    found = broken(sorted(changed(place, **{name: value}), key=lambda one: one.position))
    assert found is not None
    if name != "position":
        only_a_hash = (name,) if name in {"previous", "hash"} else ()
        assert (found.flaw, found.first, found.fields) == (Flaw.CHANGED, place + 1, only_a_hash)


@given(PLACES, some.text(max_size=5).filter(lambda text: text != "provider is back"))
def test_a_line_that_was_hashed_again(place: int, reason: str) -> None:
    last = place == LINES - 1
    wrong = Flaw.OTHER_HEAD if last else Flaw.REHASHED
    assert flaw(rehashed(place, reason=reason)) == (wrong, place + 1, place + 1)


@given(some.sets(PLACES, min_size=1))
def test_lines_that_were_taken_out(places: set[int]) -> None:
    """The first gap is named, from its first position to its last."""
    left = [one for place, one in enumerate(WHOLE) if place not in places]
    first = last = min(places)
    while last + 1 in places:
        last += 1
    assert flaw(left) == (Flaw.CUT if last == LINES - 1 else Flaw.MISSING, first + 1, last + 1)


def test_lines_that_were_put_in() -> None:
    doubled = [*WHOLE[:3], replace(WHOLE[2], id=99), *WHOLE[3:]]
    assert flaw(doubled) == (Flaw.MISPLACED, 4, 4)
    nowhere: Any = None
    assert flaw([*WHOLE, replace(WHOLE[2], position=nowhere)]) == (Flaw.MISPLACED, LINES + 1, LINES + 1)
    assert flaw(chained([*WHOLE, line(9)])) == (Flaw.PAST_HEAD, LINES + 1, LINES + 1)


def test_a_head_that_was_changed() -> None:
    assert flaw(WHOLE, AuditHead(LINES, "f" * 64)) == (Flaw.OTHER_HEAD, LINES, LINES)
    assert flaw(WHOLE, AuditHead(LINES + 2, HEAD.hash)) == (Flaw.CUT, LINES + 1, LINES + 2)
    assert flaw(WHOLE, None) == (Flaw.NO_HEAD, LINES, LINES)
    assert flaw([], None) == (Flaw.NO_HEAD, 0, 0)


def test_a_first_line_that_follows_another() -> None:
    assert flaw(rehashed(0, previous="f" * 64)) == (Flaw.REHASHED, 1, 1)


@given(PLACES, PLACES)
def test_a_chain_made_anew_is_known_by_what_was_noted(place: int, noted: int) -> None:
    """And by nothing else: from the changed line on every noted hash differs, before it none."""
    forged = chained(changed(place, reason="nothing to see"))
    assert broken(forged, head(forged)) is None
    found = broken(forged, head(forged), AuditHead(noted + 1, WHOLE[noted].hash))
    assert (found is not None) == (noted >= place)
    assert found is None or (found.flaw, found.first) == (Flaw.NOTED, noted + 1)


def test_an_end_that_was_cut_off_with_its_head_is_known_by_what_was_noted() -> None:
    cut = WHOLE[:4]
    assert broken(cut, head(cut)) is None
    assert broken(cut, head(cut), HEAD) == Broken(Flaw.CUT, 5, LINES, cut[-1])


def test_what_was_changed_is_told_by_the_outcome_where_that_is_all() -> None:
    intent, outcome = chained(
        [line(1), line(2, request_id="r-1", target_id="job_1", phase="outcome", result="done")]
    )
    assert differing(replace(intent, actor="nobody", reason="none"), outcome) == ("actor", "reason")
    assert differing(replace(intent, actor="nobody", id=9), outcome) == ()
    assert differing(replace(outcome, message="x"), intent) == ()


def test_every_field_is_in_the_text() -> None:
    names = set(asdict(line())) - {"hash"}
    told = {
        name for name in names if canonical(line()) != canonical(line(**{name: _other(getattr(line(), name))}))
    }
    assert told == names


def _other(value: Any) -> Any:
    match value:
        case datetime():
            return value + timedelta(microseconds=1)
        case int():
            return value + 1
    return f"{value}x"
