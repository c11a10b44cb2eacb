"""The matrix leaves nothing out: pages come from the table of contents, actions from the table of permissions."""

from __future__ import annotations

import ast

from actions.permissions import ACTIONS
from dashboard.settings import ROOT
from tests.faults import test_database, test_prometheus, test_service, test_store
from tests.faults.acts import ACTS
from tests.faults.pages import PAGES
from tests.faults.world import ELSEWHERE, TROUBLES, UNTOLD


def test_every_action_has_its_row() -> None:
    assert set(ACTS) == set(ACTIONS)


def test_every_trouble_is_tried_in_one_file() -> None:
    files = (test_database, test_prometheus, test_service, test_store)
    assert sorted(name for file in files for name in file.OURS) == sorted(TROUBLES)


def test_what_is_left_out_is_there_and_has_a_reason() -> None:
    assert all(name in TROUBLES and page in PAGES and reason for (name, page), reason in UNTOLD.items())
    for reason in ELSEWHERE.values():
        files = [word.strip(":,") for word in reason.split() if word.strip(":,").endswith(".py")]
        assert files
        assert all((ROOT / file).exists() or list(ROOT.glob(f"tests/**/{file}")) for file in files)


def test_no_action_asks_prometheus() -> None:
    for file in (ROOT / "actions").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert "prometheus" not in f"{node.module} {[one.name for one in node.names]}".lower()
