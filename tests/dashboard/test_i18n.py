from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from actions.errors import RetryLimitReached
from dashboard import catalogues, i18n
from dashboard.i18n import t, tn
from queries.errors import OpsError
from tests.dashboard.conftest import Configure

URL = "postgresql://reader@db/books"


@pytest.mark.parametrize("code", i18n.LANGUAGES)
def test_every_text_is_translated(code: str) -> None:
    """Run python -m dashboard.i18n extract, then translate what is empty."""
    assert catalogues.faults(code) == []


@pytest.mark.parametrize("code", i18n.LANGUAGES)
def test_the_catalogues_are_as_the_extraction_writes_them(code: str) -> None:
    written = i18n.catalogue_path(code).read_bytes()
    assert catalogues.merged(code, catalogues.extracted()) == written


def test_calls_constants_and_errors_are_extracted() -> None:
    found = {message.id[0] if isinstance(message.id, tuple) else message.id for message in catalogues.extracted()}
    assert "Language" in found
    assert "Audit log" in found
    assert RetryLimitReached.template() in found
    ours = {error for error in _all_errors(OpsError) if not error.__module__.startswith("tests.")}
    assert [error for error in ours if error.template() not in found] == []


def test_texts_inside_other_texts_are_extracted() -> None:
    code = b"""x = f"{t('in an f-string')} {i18n.tn('{n} job', '{n} jobs', n)}" + t("one " "text") + t(variable)"""
    found = set(catalogues.texts(code))
    assert found == {"in an f-string", ("{n} job", "{n} jobs"), "one text"}


def _all_errors(error: type[OpsError]) -> set[type[OpsError]]:
    """Those of the console: tests may have some of their own."""
    below = {each for child in error.__subclasses__() for each in _all_errors(child)}
    return {each for each in {error, *below} if not each.__module__.startswith("tests.")}


@pytest.fixture
def korean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the Korean catalogue that a test may spoil."""
    path = tmp_path / "console.po"
    path.write_bytes(i18n.catalogue_path("ko").read_bytes())
    monkeypatch.setattr(catalogues, "catalogue_path", lambda _: path)
    return path


LANGUAGE_ENTRY = 'msgid "Language"\nmsgstr "'


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (LANGUAGE_ENTRY, 'msgid "Tongue"\nmsgstr "', "missing: Language"),
        (LANGUAGE_ENTRY, 'msgid "Tongue"\nmsgstr "', "stale: Tongue"),
        (LANGUAGE_ENTRY, "#, fuzzy\n" + LANGUAGE_ENTRY, "fuzzy: Language"),
        (LANGUAGE_ENTRY, LANGUAGE_ENTRY + "{n}", "other fields"),
    ],
)
def test_a_spoilt_catalogue_is_noticed(korean: Path, old: str, new: str, fault: str) -> None:
    text = korean.read_text(encoding="utf-8")
    assert old in text
    korean.write_text(text.replace(old, new), encoding="utf-8")
    assert any(told.startswith(fault) for told in catalogues.faults("ko"))


def test_an_untranslated_text_is_noticed(korean: Path) -> None:
    lines = korean.read_text(encoding="utf-8").splitlines(keepends=True)
    after = lines.index('msgid "Language"\n') + 1
    lines[after] = 'msgstr ""\n'
    korean.write_text("".join(lines), encoding="utf-8")
    assert "untranslated: Language" in catalogues.faults("ko")


def test_updating_keeps_translations_and_drops_what_is_gone(korean: Path) -> None:
    text = korean.read_text(encoding="utf-8") + '\nmsgid "No longer there"\nmsgstr "gone"\n'
    korean.write_text(text.replace(LANGUAGE_ENTRY, 'msgid "Language"\nmsgstr "KEPT '), encoding="utf-8")
    merged = catalogues.merged("ko", catalogues.extracted()).decode()
    assert 'msgid "Language"\nmsgstr "KEPT ' in merged
    assert "No longer there" not in merged


def test_every_language_has_all_plural_forms() -> None:
    for code in i18n.LANGUAGES:
        with i18n.catalogue_path(code).open("rb") as file:
            catalog = read_po(file, locale=code)
        plurals = [message.string for message in catalog if message.pluralizable]
        assert plurals
        assert all(isinstance(forms, tuple) and len(forms) == catalog.num_plurals for forms in plurals)


def test_outside_a_page_the_setting_decides(configure: Configure) -> None:
    assert i18n.language() == "en"
    configure(database_url=URL, language="ko")
    assert i18n.language() == "ko"
    assert i18n.locale().language == "ko"


def test_fields_are_filled_and_braces_without_fields_stay() -> None:
    assert t("{what} cannot be shown now.", what="{that}") == "{that} cannot be shown now."
    assert t('{"a": 1}') == '{"a": 1}'


def test_plurals_and_their_numbers() -> None:
    assert tn("{n} job", "{n} jobs", 1) == "1 job"
    assert tn("{n} job", "{n} jobs", 1200) == "1,200 jobs"
    assert tn("{n} job of {whose}", "{n} jobs of {whose}", 0, whose="hers") == "0 jobs of hers"


def test_errors_are_told_in_the_readers_language(configure: Configure) -> None:
    error = RetryLimitReached(limit=3)
    assert i18n.translated_error(error) == str(error)
    configure(database_url=URL, language="ko")
    told = i18n.translated_error(error)
    assert told != str(error)
    assert "3" in told
