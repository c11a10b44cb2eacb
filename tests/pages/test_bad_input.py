"""What is wrong with a source, an address or a text from outside: a clear sentence, no exception, nothing done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.formatting import NOTHING_AT_ALL
from tests.actions.odd_service import OddService, refusal, status
from tests.dashboard.conftest import Configure
from tests.pages.conftest import HANGING
from tests.pages.screen import button, confirm, ended, jobs, markdown, numbers, opened, press, select, table, words
from tests.queries.conftest import run, set_clock
from tests.service_process import ServiceProcesses

PAGES = ("overview", "stuck", "audit_log")
HOSTILE = "<script>alert(1)</script> ![x](http://127.0.0.1/x) **b** `c` [d](e) $f$ :red[g] \u202eh | {i}"


@pytest.fixture
def odd() -> Iterator[OddService]:
    """A real HTTP server that answers 404 to everything, until told otherwise."""
    with OddService() as running:
        yield running


@pytest.mark.parametrize("page", PAGES)
def test_no_such_database(configure: Configure, older_url: str, page: str) -> None:
    configure(database_url=f"{older_url}_wrong")
    told = words(opened(page))
    name = older_url.rsplit("/", 1)[1]
    assert f'FATAL: database "{name}_wrong" does not exist' in told
    assert "Check that it runs and that OPS_DATABASE_URL points to it." in told


@pytest.mark.parametrize("page", PAGES)
def test_an_unreachable_database(configure: Configure, page: str) -> None:
    configure(database_url="postgresql://somebody:a-password@127.0.0.1:1/none")
    told = words(opened(page))
    assert "The database does not answer" in told
    assert "a-password" not in told


@pytest.mark.parametrize("page", PAGES)
def test_an_address_that_is_none(configure: Configure, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    monkeypatch.setenv("OPS_DATABASE_URL", "mysql://nobody@127.0.0.1/none")
    at = opened()
    assert (
        "OPS_DATABASE_URL is not a PostgreSQL address: write postgresql://user:password@host:5432/database"
        in words(at)
    )


@pytest.mark.parametrize("page", ["overview", "stuck"])
def test_a_missing_column(configure: Configure, migrated_url: str, page: str) -> None:
    run(migrated_url, "alter table jobs drop column user_key")
    configure(database_url=migrated_url)
    told = words(opened(page))
    assert "The table jobs has no column user_key, which the console cannot do without." in told


@pytest.mark.parametrize("page", ["overview", "stuck"])
def test_a_missing_table(configure: Configure, new_database: Callable[[str], str], page: str) -> None:
    configure(database_url=new_database("template1"))
    told = words(opened(page))
    assert "The database has no table jobs. Check OPS_JOBS_TABLE, and that" in told


def test_a_hostile_name_of_the_table(configure: Configure, migrated_url: str) -> None:
    configure(database_url=migrated_url, jobs_table="![x](http://127.0.0.1/x)")
    at = opened("stuck")
    assert "The database has no table ![x](http://127.0.0.1/x)." in words(at)
    assert not any("![x](" in text for text in markdown(at))


def test_a_missing_migration(configure: Configure, older_url: str) -> None:
    set_clock(older_url, HANGING)
    configure(database_url=older_url)
    for page in ("stuck", "audit_log"):
        sentence = 'The console\'s own schema "ops" is missing or old. Run: ops-dashboard migrate'
        assert sentence in words(opened(page))
    assert numbers(opened())["Queued"] == "4"


def test_a_wrong_admin_key(configure: Configure, hanging: str, service: ServiceProcesses) -> None:
    configure(service_url=service.url, service_admin_key="wrong")
    at = select(opened("stuck"), 0)
    assert "The service refused the console's admin key. Check OPS_SERVICE_ADMIN_KEY." in words(at)
    assert button(at, "Retry 1…").disabled
    assert button(at, "Cancel 1…").disabled
    opened()


@pytest.mark.usefixtures("hanging")
def test_a_service_without_a_control_api(configure: Configure, odd: OddService) -> None:
    configure(service_url=odd.url, service_admin_key="key")
    at = select(opened("stuck"), 0)
    assert "Not offered by this service: it has no control API for it." in words(at)
    assert [button(at, label).disabled for label in ("Retry 1…", "Cancel 1…", "Acknowledge 1…")] == [
        True,
        True,
        False,
    ]
    assert {seen.method for seen in odd.seen} == {"GET"}
    assert "queue 4" in words(opened())


@pytest.mark.usefixtures("hanging")
def test_a_service_that_cannot_be_reached(configure: Configure) -> None:
    configure(service_url="http://127.0.0.1:1", service_admin_key="key", deadline_seconds=2)
    at = select(opened("stuck"), 0)
    assert "The service cannot be reached" in words(at)
    assert button(at, "Retry 1…").disabled


@pytest.mark.usefixtures("hanging")
def test_what_a_service_says_is_not_interpreted(configure: Configure, odd: OddService) -> None:
    configure(service_url=odd.url, service_admin_key="key")
    odd.answer(refusal(418, HOSTILE))
    uninterpreted(opened("stuck"))
    odd.answer(status(500, text=HOSTILE))
    uninterpreted(opened("stuck"))


def uninterpreted(at: AppTest) -> None:
    """No text that the browser reads as markdown holds any of it unescaped."""
    shown = "\n".join(markdown(at))
    for mark in ("<script>", "![x](", "**b**", "`c`", "[d](", "$f$", ":red[g]", "\u202e"):
        assert mark not in shown


def test_hostile_rows_are_shown_as_text(hanging: str, configure: Configure) -> None:
    quoted = HOSTILE.replace("'", "''")
    run(
        hanging,
        f"update jobs set current_step = '{quoted}', error_message = repeat('<b>{quoted}', 2)",  # noqa: S608
        f"update jobs set error_code = left('{quoted}', 60) where status = 'failed'",  # noqa: S608
    )
    at = opened("stuck")
    uninterpreted(at)
    assert [row["step"] for row in table(at)] == [HOSTILE] * 6
    overview = opened()
    uninterpreted(overview)
    assert "Most failed by <script>alert(1)</script> ![x](http://127.0.0.1/x) " in words(overview)


@pytest.mark.usefixtures("hanging")
def test_a_hostile_note_is_shown_as_text() -> None:
    at = press(select(opened("stuck"), 0), "Acknowledge 1…")
    at = ended(confirm(at, "Acknowledge 1 job", HOSTILE))
    uninterpreted(at)
    note = HOSTILE.replace("\u202e", "")
    assert table(at)[0]["note"] == f"Mina Park: {note}"
    log = opened("audit_log")
    uninterpreted(log)
    assert table(log)[0]["reason"] == note


NONSENSE: dict[str, Any] = {
    "rule": ["foo", "![x](http://127.0.0.1/x)"],
    "sort": "<script>",
    "batch": "nonsense",
    "before": "-1",
    "live": "maybe",
    "lang": "xx",
    "span": "never",
    "who": "nobody",
    "outcome": "[d](e)",
    "snoozed": "perhaps",
    "search": "%' or 1=1 --",
    "find": "_\\%",
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("hanging")
def test_nonsense_in_the_address(page: str) -> None:
    at = opened(page, **NONSENSE)
    uninterpreted(at)
    expected = {
        "overview": set(),
        "stuck": {"rule=foo, rule=![x](http://127.0.0.1/x).", "sort=<script>."},
        "audit_log": {"before=-1.", "span=never.", "who=nobody.", "outcome=[d](e)."},
    }
    notes = (one.value.replace("\\", "").replace(NOTHING_AT_ALL, "") for one in at.info)
    told = {note.partition("left out: ")[2] for note in notes}
    assert told == expected[page]


@pytest.mark.usefixtures("hanging")
def test_nonsense_filters_nothing_but_what_is_a_search() -> None:
    at = opened("stuck", **{name: value for name, value in NONSENSE.items() if name != "search"})
    assert len(jobs(at)) == 6
    assert "There is no bulk action of this id." in words(at)
    assert at.selectbox(key="language-picker").value == "en"


@pytest.mark.usefixtures("hanging")
def test_a_batch_id_that_nobody_wrote() -> None:
    at = opened("stuck", batch="x" * 5000)
    assert f"left out: batch={'x' * 60}…." in words(at)
    assert len(jobs(at)) == 6
