"""The weekly report as a file to forward: choose week and format, and it is made."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from dashboard import fetch
from dashboard.components import cost_change_words
from dashboard.components.formatting import plain
from dashboard.components.notices import error_frame
from dashboard.components.usage_span import Days
from dashboard.i18n import language, t
from dashboard.report import editions, files, page
from dashboard.report.files import File, Format
from dashboard.report.weeks import Week, last_closed

WEEKS = 8
# Somebody who looks at a file again, or at another format of it, does not wait anew.
KEPT = timedelta(minutes=10)
WEEK, FORMAT, MADE = "report-week", "report-format", "report-made"


def offer(days: Days) -> None:
    """Behind a button: the newest closed weeks in the days' zone. Nothing is made before it is asked for."""
    with st.popover(t("Weekly report"), icon=":material/summarize:"):
        _choose(days)


@st.fragment
def _choose(days: Days) -> None:
    newest = last_closed(days.zone, days.now)
    weeks = {week.name: week for week in (newest.back(number) for number in range(WEEKS))}
    name = st.selectbox(t("Week"), list(weeks), format_func=cost_change_words.week, key=WEEK)
    form = st.segmented_control(
        t("Format"),
        list(Format),
        default=Format.PDF,
        format_func=lambda one: one.upper(),
        key=FORMAT,
        required=True,
    )
    st.caption(
        t("Days of {zone}. What a closed week's first report says, later ones repeat.", zone=plain(days.zone))
    )
    asked = name, days.zone, Format(form), language()
    if st.button(t("Make the report"), icon=":material/summarize:", key="report-make"):
        st.session_state[MADE] = asked
    if st.session_state.get(MADE) == asked:
        with error_frame(t("The weekly report")), st.spinner(t("Making the report …")):
            _download(*asked, weeks[name])


def _download(name: str, zone: str, form: Format, language: str, week: Week) -> None:
    made, numbers = fetch.computed(_made, week, zone, form, language, ttl=KEPT).value
    st.download_button(
        t("Download {name}", name=made.name),
        data=made.content,
        file_name=made.name,
        mime=form.mime,
        icon=":material/download:",
        on_click="ignore",
        key=f"report-{name}-{form}",
    )
    st.caption(plain(f"{t('Numbers')} {numbers}"))


def _made(week: Week, zone: str, form: Format, language: str) -> tuple[File, str]:  # noqa: ARG001  # it is the words'
    """The file, and since when its numbers are what they are."""
    edition = editions.edition(week, zone)
    return files.file(edition, form), page.made(edition)
