"""The entry: who is here, what they may see, and the page they asked for inside the error frame."""

from __future__ import annotations

import streamlit as st

from dashboard import i18n, navigation, settings, sign_in, telemetry
from dashboard.components import keyboard, live
from dashboard.components.notices import error_frame
from dashboard.i18n import t


def language_picker() -> None:
    """Each language under its own name."""
    names = i18n.languages()
    st.session_state[i18n.PICKER] = i18n.language()
    st.selectbox(
        t("Language"),
        list(names),
        format_func=lambda code: names[code],
        key=i18n.PICKER,
        on_change=lambda: i18n.choose(st.session_state[i18n.PICKER]),
    )


st.set_page_config(page_icon=settings.ROOT / "dashboard" / "static" / "icon.svg", layout="wide")
i18n.remember()
with error_frame():
    actor = sign_in.gate()
    sections = navigation.pages(actor)
    page = st.navigation(sections, position="hidden")
    st.set_page_config(page_title=f"{page.title} · {t('Book operations')}")
    with st.sidebar:
        navigation.menu(sections)
        sign_in.who(actor)
        language_picker()
        keyboard.layer(actor)
        live.watch()
    telemetry.renders.labels(page.url_path or navigation.DEFAULT).inc()
    page.run()
