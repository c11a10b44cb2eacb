"""What a tab says before it has heard: message for message, as both sides send them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard import crossings
from dashboard.crossings import DRAWN_AFTER, HEARD_AFTER, Talk
from tests.dashboard.conftest import stopped_clock

JOBS, QUEUE = "hash-of-jobs", "hash-of-queue"
BEFORE, AFTER, OTHER = "q=status%3Afailed", "q=status%3Aqueued", "q=kind%3Aseries"
LIST, EVERY = "list-of-jobs", 5.0


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets so many seconds pass."""
    return stopped_clock(monkeypatch, crossings)


@pytest.fixture
def talk(later: Callable[[float], None]) -> Talk:
    """A tab that shows the list of failed jobs, which refreshes itself."""
    opened = Talk()
    assert heard(opened, query=BEFORE, page="", name="jobs") == BEFORE
    drawn(opened)
    later(EVERY)
    return opened


def heard(
    talk: Talk,
    *,
    query: str,
    page: str = JOBS,
    name: str = "",
    part: str = "",
    by_itself: bool = False,
    back: bool = False,
) -> str | None:
    """The address with which Streamlit hears of this request; None where it does not."""
    request = BackMsg()
    asked = request.rerun_script
    asked.query_string, asked.page_script_hash, asked.page_name = query, page, name
    asked.fragment_id, asked.is_auto_rerun, asked.is_history_navigation = part, by_itself, back
    passed = talk.heard(request.SerializeToString())
    return None if passed is None else BackMsg.FromString(passed).rerun_script.query_string


def refresh(talk: Talk, query: str) -> str | None:
    return heard(talk, query=query, part=LIST, by_itself=True)


def told(talk: Talk, query: str) -> None:
    message = ForwardMsg()
    message.page_info_changed.query_string = query
    talk.told(message.SerializeToString())


def drawn(talk: Talk, page: str = JOBS) -> None:
    """The console draws the whole page."""
    session, timer = ForwardMsg(), ForwardMsg()
    session.new_session.page_script_hash = page
    timer.auto_rerun.fragment_id, timer.auto_rerun.interval = LIST, EVERY
    talk.told(session.SerializeToString())
    talk.told(timer.SerializeToString())


def test_a_refresh_in_time_passes_as_it_is(talk: Talk, later: Callable[[float], None]) -> None:
    assert refresh(talk, BEFORE) == BEFORE
    later(EVERY)
    assert refresh(talk, BEFORE) == BEFORE


def test_a_refresh_that_was_under_way_when_the_page_was_drawn_anew_is_none(
    talk: Talk, later: Callable[[float], None]
) -> None:
    assert heard(talk, query=BEFORE) == BEFORE
    assert refresh(talk, BEFORE) is None
    drawn(talk)
    assert refresh(talk, BEFORE) is None
    later(EVERY)
    assert refresh(talk, BEFORE) == BEFORE


def test_the_console_may_draw_the_page_anew_by_itself(talk: Talk) -> None:
    drawn(talk)
    assert refresh(talk, BEFORE) is None


def test_a_page_that_is_never_drawn_does_not_stop_the_refreshes_for_good(
    talk: Talk, later: Callable[[float], None]
) -> None:
    assert heard(talk, query=BEFORE) == BEFORE
    later(DRAWN_AFTER)
    assert refresh(talk, BEFORE) == BEFORE


@pytest.mark.parametrize("written", [BEFORE, f"?{BEFORE}", "q=status:failed"])
def test_a_click_before_the_tab_has_heard_of_an_address_means_the_new_one(talk: Talk, written: str) -> None:
    told(talk, AFTER)
    assert heard(talk, query=written, part=LIST) == AFTER
    assert heard(talk, query=written) == AFTER


def test_every_address_that_came_between_is_superseded(talk: Talk) -> None:
    told(talk, OTHER)
    told(talk, AFTER)
    assert heard(talk, query=OTHER, part=LIST) == AFTER
    assert heard(talk, query=BEFORE, part=LIST) == AFTER


def test_what_the_tab_has_heard_of_it_may_leave_again(talk: Talk) -> None:
    told(talk, AFTER)
    assert heard(talk, query=AFTER, part=LIST) == AFTER
    assert heard(talk, query=BEFORE) == BEFORE


def test_a_link_to_the_former_address_leads_there(talk: Talk, later: Callable[[float], None]) -> None:
    told(talk, AFTER)
    later(HEARD_AFTER)
    assert heard(talk, query=BEFORE) == BEFORE


def test_the_way_back_leads_back_at_once(talk: Talk) -> None:
    told(talk, AFTER)
    assert heard(talk, query=BEFORE, back=True) == BEFORE


@pytest.mark.parametrize(("page", "name"), [(QUEUE, ""), ("", "queue")])
def test_another_page_has_its_own_address(talk: Talk, page: str, name: str) -> None:
    assert heard(talk, query=BEFORE) == BEFORE  # by now the tab knows its page by its hash
    told(talk, AFTER)
    assert heard(talk, query=BEFORE, page=page, name=name) == BEFORE
    assert heard(talk, query=BEFORE, page=page) == BEFORE


def test_what_the_tab_changed_itself_counts(talk: Talk) -> None:
    told(talk, AFTER)
    assert heard(talk, query=OTHER, part=LIST) == OTHER
    assert heard(talk, query=BEFORE, part=LIST) == BEFORE


def test_what_is_no_request_passes_untouched(talk: Talk) -> None:
    for data in (b"\xff\xff no message", BackMsg(stop_script=True).SerializeToString()):
        assert talk.heard(data) == data


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_part_of_a_page_that_was_left_asks_for_nothing(
    talk: Talk, later: Callable[[float], None], *, by_itself: bool
) -> None:
    drawn(talk, QUEUE)
    later(EVERY)
    assert heard(talk, query=BEFORE, part=LIST, by_itself=by_itself) is None
    assert heard(talk, query=BEFORE, page=QUEUE, part=LIST, by_itself=by_itself) == BEFORE


def test_the_page_that_an_address_without_a_name_leads_to_is_the_one_that_was_told(talk: Talk) -> None:
    drawn(talk, "hash-of-the-main-script")
    navigation = ForwardMsg()
    navigation.navigation.page_script_hash = QUEUE
    talk.told(navigation.SerializeToString())
    assert heard(talk, query=BEFORE, page=QUEUE, part=LIST) == BEFORE
