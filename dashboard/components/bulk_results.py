"""What came of each job of a bulk action: the table, its pages, and the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import streamlit as st

from dashboard import discretion, fetch, links
from dashboard.components import bulk_words, filters, spreadsheets, summary, tables
from dashboard.components.formatting import Zone, exact, money
from dashboard.i18n import t
from queries import bulks
from queries.bulk_models import Bulk, BulkJob, ItemState

PAGE = 50
_COLUMNS = (
    *("position", "job_id", "state", "message", "attempt", "status", "step"),
    *("estimate_usd", "began_at", "ended_at", "request_id"),
)
UNCACHED = timedelta(0)


def chosen() -> tuple[ItemState, ...]:
    """The outcomes to show; none chosen means all."""
    wanted = filters.several(t("Outcome"), links.RESULT, tuple(ItemState), bulk_words.item_words)
    return tuple(map(ItemState, wanted)) or tuple(ItemState)


def show(bulk: Bulk, states: Sequence[ItemState], after: int, zone: Zone) -> None:
    """One page of its jobs, in the order of their release. Raises DatabaseError."""
    answer = fetch.store(bulks.items, bulk.id, tuple(states), after_position=after, limit=PAGE + 1)
    shown = answer.value[:PAGE]
    if shown:
        _table(shown, zone)
    else:
        st.markdown(f":gray[{t('No job of this bulk action is in this state.')}]")
    with st.container(horizontal=True, vertical_alignment="center"):
        if after:
            st.button(t("First page"), on_click=_turn_to, args=(0,), icon=":material/first_page:")
        if len(answer.value) > PAGE:
            st.button(
                t("Next page"), on_click=_turn_to, args=(shown[-1].position,), icon=":material/chevron_right:"
            )
        spreadsheets.offer(partial(as_csv, bulk.id), f"bulk-{bulk.id}.csv")
        st.caption(summary.source(answer), width="content")


def as_csv(bulk_id: str) -> bytes:
    """All its jobs for a spreadsheet. Raises DatabaseError."""
    shown = discretion.money_shown()
    names = [name for name in _COLUMNS if shown or name != "estimate_usd"]
    return spreadsheets.as_csv(names, map(_fields, _all(bulk_id)))


def _all(bulk_id: str) -> Iterator[BulkJob]:
    last = 0
    while page := fetch.store(
        bulks.items, bulk_id, tuple(ItemState), after_position=last, limit=bulks.ITEMS_LIMIT, ttl=UNCACHED
    ).value:
        yield from page
        last = page[-1].position


def _fields(item: BulkJob) -> dict[str, object]:
    return {name: getattr(item, name) for name in _COLUMNS} | {"message": bulk_words.message(item)}


def _turn_to(after: int) -> None:
    links.put(links.AFTER, str(after) if after else None)


def _table(items: Sequence[BulkJob], zone: Zone) -> None:
    text = st.column_config.TextColumn
    columns = {
        "job": tables.job_column(235),
        "outcome": text(t("Outcome"), width=90),
        "message": text(t("What happened"), width=330),
        "status": text(t("Was"), width=80),
        "step": text(t("At step"), width=165),
        "estimate": text(t("Estimated"), width=85),
        "ended": text(t("Ended"), width=215),
        "request": text(t("Request id"), width=280),
    }
    if not discretion.money_shown():
        del columns["estimate"]
    alt = t("The jobs of this bulk action, in the order of their release, and what came of each")
    tables.table([_row(item, zone) for item in items], columns, alt=alt)


def _row(item: BulkJob, zone: Zone) -> dict[str, Any]:
    return {
        "job": links.to_job(item.job_id),
        "outcome": bulk_words.item_words(item.state),
        "message": bulk_words.message(item),
        "status": item.status,
        "step": item.step or "",
        "estimate": "" if item.estimate_usd is None else money(item.estimate_usd),
        "ended": exact(item.ended_at, zone) if item.ended_at else "",
        "request": item.request_id,
    }
