"""Keeps the catalogues complete: extracts every text of the console and merges it into each language's file."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator, Sequence
from importlib import import_module
from io import BytesIO

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from dashboard.i18n import FALLBACK, LANGUAGES, catalogue_path
from dashboard.settings import ROOT
from queries.errors import OpsError
from queries.qualifiers import DESCRIPTIONS

SOURCES = ("dashboard", "pages")
# Function → how many of its first arguments are texts.
KEYWORDS = {"t": 1, "noop": 1, "tn": 2}
ERROR_MODULES = (
    "queries.errors",
    "queries.filter_errors",
    "queries.invoice_errors",
    "actions.errors",
    "dashboard.settings_errors",
    "dashboard.auth",
    "dashboard.identity",
    "dashboard.report.errors",
)
HEADER = "# The console's texts. Kept complete by: python -m dashboard.i18n extract"


def update() -> None:
    """Bring every language's file up to date; translations stay, texts no longer used go."""
    for code in LANGUAGES:
        path = catalogue_path(code)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(merged(code, extracted()))


def extracted() -> Catalog:
    """Every text of the code: calls of t, tn and noop, what a filter may name, and the messages of all errors."""
    catalog = Catalog(project="console", charset="utf-8")
    for file in sorted(file for source in SOURCES for file in (ROOT / source).rglob("*.py")):
        for text in texts(file.read_bytes()):
            catalog.add(text)
    for text in (*DESCRIPTIONS.values(), *sorted(set(_error_templates()))):
        catalog.add(text)
    return catalog


def texts(code: bytes) -> Iterator[str | tuple[str, ...]]:
    """The texts in the calls of t, tn and noop. Babel's own extraction does not look into f-strings."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and (wanted := KEYWORDS.get(_called(node))):
            literals = [ast.literal_eval(part) for part in node.args[:wanted] if isinstance(part, ast.Constant)]
            if len(literals) == wanted:
                yield tuple(literals) if wanted > 1 else literals[0]


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def merged(code: str, template: Catalog) -> bytes:
    """The language's file after the merge, which takes over the template's messages. Deterministic."""
    catalog = _existing(code)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    if code == FALLBACK:
        for message in catalog:
            if message.id:
                message.string = message.id
    for message in catalog:
        message.flags.discard("python-format")
        message.flags.discard("python-brace-format")
    body = BytesIO()
    write_po(body, catalog, width=0, no_location=True, omit_header=True, sort_output=True)
    header = (
        f'{HEADER}\nmsgid ""\nmsgstr ""\n"Language: {code}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n\n'
    )
    return header.encode() + body.getvalue()


def faults(code: str) -> list[str]:
    """What a language's file lacks, holds too much, or says with other {fields} than the code fills in."""
    template, catalog = extracted(), _existing(code)
    wanted = {_key(message): message for message in template if message.id}
    present = {_key(message): message for message in catalog if message.id}
    told = [f"missing: {key}" for key in wanted.keys() - present.keys()]
    told += [f"stale: {key}" for key in present.keys() - wanted.keys()]
    for key in wanted.keys() & present.keys():
        told += [f"{fault}: {key}" for fault in _message_faults(present[key])]
    return sorted(told)


def _message_faults(message: Message) -> Iterator[str]:
    ids, translations = _all(message.id), _all(message.string)
    if message.fuzzy:
        yield "fuzzy"
    if not all(translations):
        yield "untranslated"
        return
    # A singular may leave {n} out ("one job"); any translated form may use what either English form does.
    allowed = [_fields(text) for text in ids]
    for translated in translations:
        if _fields(translated) not in allowed:
            yield f"other fields ({translated})"


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _all(texts: str | Sequence[str] | None) -> tuple[str, ...]:
    """The forms of a text: one, or singular and plurals."""
    if texts is None or isinstance(texts, str):
        return (texts or "",)
    return tuple(texts)


def _key(message: Message) -> str:
    return _all(message.id)[0]


def _existing(code: str) -> Catalog:
    path = catalogue_path(code)
    if not path.exists():
        return Catalog(locale=code, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=code, charset="utf-8")


def _error_templates() -> Iterator[str]:
    for name in ERROR_MODULES:
        module = import_module(name)
        for error in vars(module).values():
            if isinstance(error, type) and issubclass(error, OpsError):
                yield error.template()
