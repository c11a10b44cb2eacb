"""The language seam: every text that a person reads goes through here. English texts are the message ids.

`python -m dashboard.i18n extract` brings the catalogues in dashboard/locale up to date with the code.
"""

from __future__ import annotations

import gettext
import sys
from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import streamlit as st
from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import settings
from dashboard.settings_errors import SettingsError
from queries.errors import OpsError

LOCALE = Path(__file__).parent / "locale"
LANGUAGES: Mapping[str, str] = {"en": "English", "ko": "한국어"}
FALLBACK = "en"
PARAMETER = "lang"
PICKER = "language-picker"
_CHOSEN = "language"


def catalogue_path(code: str) -> Path:
    """Where a language's texts are kept."""
    return LOCALE / code / "LC_MESSAGES" / "console.po"


def t(text: str, **fields: Any) -> str:
    """The text in the reader's language, its {fields} filled in."""
    translated = translation(language()).gettext(text)
    return translated.format(**fields) if fields else translated


def tn(singular: str, plural: str, n: int, **fields: Any) -> str:
    """The text for this number; {n} is the number as the reader's language writes it."""
    translated = translation(language()).ngettext(singular, plural, n)
    return translated.format(n=format_decimal(n, locale=locale()), **fields)


def noop(text: str) -> str:
    """Mark a text of a constant for the catalogues; t() translates it where it is shown."""
    return text


def translated_error(error: OpsError) -> str:
    """The error's message in the reader's language."""
    return translation(language()).gettext(error.template()).format(**error.fields)


def languages() -> Mapping[str, str]:
    """Language code → its name in that language."""
    return LANGUAGES


def locale() -> Locale:
    """The reader's locale, for Babel's numbers and dates."""
    return _locale(language())


def language() -> str:
    """The reader's language: the address's, else the person's choice, else the browser's, else the setting."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return _default()
    asked = st.query_params.get(PARAMETER)
    if asked is not None and asked in LANGUAGES:
        return asked
    return st.session_state.get(_CHOSEN) or _browsers() or _default()


def choose(code: str) -> None:
    """Keep the person's choice for this session, and show it in the address so that a link keeps it too."""
    st.session_state[_CHOSEN] = code
    st.query_params[PARAMETER] = code


def remember() -> None:
    """Keep the address's language for the pages that follow: links between pages do not repeat it."""
    if (asked := st.query_params.get(PARAMETER)) in LANGUAGES:
        st.session_state[_CHOSEN] = asked


def _browsers() -> str | None:
    tag = (st.context.locale or "").replace("_", "-").split("-")[0].lower()
    return tag if tag in LANGUAGES else None


def _default() -> str:
    try:
        return settings.load().language
    except SettingsError:
        return FALLBACK


@cache
def _locale(code: str) -> Locale:
    return Locale.parse(code)


@cache
def translation(code: str) -> gettext.NullTranslations:
    """The language's catalogue, compiled in memory; a text that it lacks stays English."""
    with catalogue_path(code).open("rb") as file:
        catalogue = read_po(file, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


if __name__ == "__main__":
    if sys.argv[1:] != ["extract"]:
        sys.exit("usage: python -m dashboard.i18n extract")
    from dashboard import catalogues

    catalogues.update()
