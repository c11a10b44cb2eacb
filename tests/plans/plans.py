"""How PostgreSQL answers a question: the plans of its statements, with the rows that they really met."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

Node = dict[str, Any]
EXPLAIN = "explain (analyze, timing off, format json) "
# An index scan that a bitmap's heap scan stands above has no table of its own.
INDEX_SCANS = {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}


@dataclass(frozen=True)
class IndexScan:
    """How an index was used: without a condition it was read from one end on, rows entries far."""

    index: str
    condition: str
    rows: int


@dataclass(frozen=True)
class Plan:
    """What one statement did."""

    statement: str
    root: Node

    @cached_property
    def nodes(self) -> list[Node]:
        return list(_walk(self.root))

    def read_whole(self) -> set[str]:
        """The tables that were read from end to end."""
        return {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"}

    def index_scans(self) -> list[IndexScan]:
        scans = [node for node in self.nodes if node["Node Type"] in INDEX_SCANS]
        return [IndexScan(node["Index Name"], node.get("Index Cond", ""), _rows(node)) for node in scans]

    def rows_read(self, table: str) -> int:
        """How many rows of the table were looked at, those that did not fit included."""
        return sum(_rows(node) for node in self.nodes if node.get("Relation Name") == table)

    def rows_sorted(self) -> int:
        """The most rows that were sorted by one node; keeping the first few of many costs little."""
        sorts = [node for node in self.nodes if node["Node Type"] == "Sort"]
        return max((_rows(node) for node in sorts if node.get("Sort Method") != "top-N heapsort"), default=0)


def plans(connection: Connection, ask: Callable[[], object]) -> list[Plan]:
    """The plans of all statements that ask runs on the connection."""
    found: list[Plan] = []

    def explain(asked: Connection, _: Any, statement: str, parameters: Any, *__: Any) -> None:
        with asked.connection.cursor() as cursor:
            cursor.execute(EXPLAIN + statement, parameters)
            found.append(Plan(statement, cursor.fetchone()[0][0]["Plan"]))

    sa.event.listen(connection, "before_cursor_execute", explain)
    try:
        ask()
    finally:
        sa.event.remove(connection, "before_cursor_execute", explain)
    return found


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", []):
        yield from _walk(child)


def _rows(node: Node) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])
