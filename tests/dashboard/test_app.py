"""The shell around the pages, run as Streamlit runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from actions.permissions import NEEDED, Actor, Role
from dashboard import navigation
from dashboard.settings import ROOT
from tests.dashboard.conftest import Configure

APP = str(ROOT / "dashboard" / "app.py")
PAGES = [entry for entries in navigation.CONTENTS.values() for entry in entries]


def opened(**query: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=30)
    for name, value in query.items():
        at.query_params[name] = value
    return at.run()


def told(at: AppTest) -> str:
    """The notices as a person reads them: without the backslashes that keep markdown from interpreting them."""
    return " ".join(str(box.value) for box in [*at.warning, *at.info, *at.error]).replace("\\", "")


@pytest.fixture
def console(configure: Configure, migrated_url: str) -> None:
    configure(database_url=migrated_url)


@pytest.mark.usefixtures("console")
@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.name)
def test_every_page_opens(entry: navigation.Entry) -> None:
    at = opened().switch_page(f"../pages/{entry.name}.py").run()
    assert not at.exception
    assert [title.value for title in at.title] == [entry.title]


@pytest.mark.usefixtures("console")
def test_the_language_comes_from_the_address_and_stays() -> None:
    at = opened(lang="ko")
    assert at.selectbox(key="language-picker").value == "ko"
    del at.query_params["lang"]
    at.switch_page("../pages/audit_log.py").run()
    assert at.selectbox(key="language-picker").value == "ko"
    assert [title.value for title in at.title] != ["Audit log"]


@pytest.mark.usefixtures("console")
def test_an_unknown_language_is_not_obeyed() -> None:
    at = opened(lang="tlh")
    assert not at.exception
    assert at.selectbox(key="language-picker").value == "en"


@pytest.mark.usefixtures("console")
def test_the_picker_changes_language_and_address() -> None:
    at = opened()
    at.selectbox(key="language-picker").select("ko").run()
    assert at.query_params["lang"] == "ko"
    assert at.selectbox(key="language-picker").value == "ko"
    at.selectbox(key="language-picker").select("en").run()
    assert at.query_params["lang"] == "en"
    assert [title.value for title in at.title] == ["Overview"]


@pytest.mark.usefixtures("console")
def test_the_person_stays_over_pages() -> None:
    at = opened()
    assert at.selectbox(key="person").value == "Mina Park"
    at.selectbox(key="person").select("Jon Weber").run()
    at.switch_page("../pages/audit_log.py").run()
    assert at.selectbox(key="person").value == "Jon Weber"


def test_faulty_settings_are_a_sentence_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TIMEZONE", "Mars")
    at = opened()
    assert not at.exception
    assert "OPS_DATABASE_URL is not set" in told(at)
    assert "OPS_TIMEZONE is not a time zone" in told(at)
    assert not at.title


@pytest.mark.parametrize("mode", ["oidc", "proxy"])
def test_nobody_gets_in_where_nobody_can_sign_in(configure: Configure, older_url: str, mode: str) -> None:
    configure(database_url=older_url, auth=mode)
    at = opened()
    assert f"OPS_AUTH={mode} needs " in told(at)
    assert not at.title
    assert not at.selectbox


def test_a_database_that_is_down_is_a_sentence_on_the_page(configure: Configure) -> None:
    configure(database_url="postgresql://nobody@127.0.0.1:1/none")
    at = opened()
    assert not at.exception
    assert [title.value for title in at.title] == ["Overview"]
    everything = told(at) + " ".join(str(text.value) for text in at.markdown).replace("\\", "")
    assert "OPS_DATABASE_URL" in everything


def test_the_table_of_contents_names_files_that_are_there() -> None:
    files = {path.stem for path in navigation.PAGES.glob("*.py")} - {"__init__"}
    assert {entry.name for entry in PAGES} == files
    assert len({entry.url_path for entry in PAGES}) == len(PAGES)


def test_a_role_below_does_not_see_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(navigation.CONTENTS, "Control", navigation.CONTENTS["Control"][-1:])
    monkeypatch.setitem(NEEDED, "page.audit_log", Role.ADMIN)
    assert list(navigation.contents(Actor("a", Role.OPERATOR))) == ["Operate", "Usage & cost"]
    assert list(navigation.contents(Actor("a", Role.ADMIN))) == ["Operate", "Usage & cost", "Control"]
    # Its address is there, for the refusal.
    assert [one.visibility for one in navigation.pages(Actor("a", Role.OPERATOR))["Control"]] == ["hidden"]


@pytest.mark.usefixtures("console")
def test_a_page_above_ones_role_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NEEDED, "page.audit_log", Role.ADMIN)
    at = opened()
    with pytest.raises(ValueError, match="audit_log"):
        at.switch_page("../pages/audit_log.py").run()


def test_the_entry_stays_small() -> None:
    assert len(Path(APP).read_text().splitlines()) <= 40
