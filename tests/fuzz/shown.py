"""What of a page the browser reads as markdown or as HTML: none of it may hold foreign text unescaped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from google.protobuf.message import Message
from streamlit.testing.v1 import AppTest

from tests.fuzz.hostile import FOREIGN

# Fields that the browser shows as the text that they are, or not at all. Whatever is not listed is held for
# markdown, also what a later Streamlit may add.
PLAIN = {
    *((kind, "options") for kind in ("Selectbox", "MultiSelect")),
    *(("Selectbox", "raw_value"), ("MultiSelect", "raw_values"), ("ButtonGroup", "raw_values")),
    *((kind, field) for kind in ("TextInput", "TextArea") for field in ("default", "value", "placeholder")),
    *(("Code", "code_text"), ("Text", "body"), ("PageLink", "query_string"), ("LinkButton", "url")),
    *(("Html", "body"), ("PlotlyChart", "spec"), ("PlotlyChart", "config"), ("Dataframe", "columns")),
    *(("Dataframe", "selection_state"), ("Dataframe", "selection_default")),
}
NEVER_SHOWN = {"id", "form_id", "alt", "element_id", "query_param_key", "page_script_hash"}
# Foreign text that markdown would make something of, as it is in the hostile texts.
LIVE = re.compile(
    r"(?<!\\)(?:"
    r"<(?:script|img|svg|iframe|a |b>|br>|%)|<!--"
    rf"|!\[{FOREIGN}|(?<!!)\[{FOREIGN}|\*\*{FOREIGN}|_{FOREIGN}_|~~{FOREIGN}|`{FOREIGN}"
    rf"|:(?:red|small|blue-background|green-badge)\[{FOREIGN}|:material[/_]skull|:streamlit:|:smile:|:\+1:"
    rf"|\$\$?{FOREIGN}|&lt;b|&#60;|&#x202e;|\n# {FOREIGN}|\n- {FOREIGN}|\n> {FOREIGN}|\| {FOREIGN}|```\n{FOREIGN}"
    r")"
)
# What the browser finds in a text even after its backslashes have gone.
LATER = re.compile(
    rf":material[/_]skull|:streamlit:|:smile:|:\+1:|://{FOREIGN}\.|www\.{FOREIGN}|a@{FOREIGN}|a -> b <-> c"
)
# Within these the browser interprets nothing, and no backtick gets in.
CODE = re.compile(r"(?<![\\`])`[^`\n]+`(?!`)")
REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
MARKUP = re.compile(r"<(?:script|img|svg|iframe|a |b>)")


class Tags(HTMLParser):
    """The elements of some HTML, and those of its attributes that are programs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    @classmethod
    def of(cls, text: str) -> set[str]:
        reader = cls()
        reader.feed(text)
        return reader.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.update([tag, *(name for name, _ in attrs if name.startswith("on"))])


def messages(at: AppTest) -> Iterator[Message]:
    """Every element and container of the page, as it travels to the browser."""
    for node in at._tree:
        proto = getattr(node, "proto", None)
        if isinstance(proto, Message):
            yield proto


def strings(message: Message) -> Iterator[tuple[str, str, str]]:
    """Each text of it with the names of its message and field."""
    for field, value in message.ListFields():
        name = message.DESCRIPTOR.name
        for one in value if field.is_repeated else (value,):
            if isinstance(one, Message):
                yield from strings(one)
            elif isinstance(one, str):
                yield name, field.name, one


def safe(at: AppTest) -> None:
    """No exception, nothing foreign that is read as markdown or HTML."""
    assert not at.exception
    found = [fault for message in messages(at) for part in strings(message) for fault in faults(*part)]
    assert not found, "\n".join(found[:20])


def faults(kind: str, field: str, text: str) -> Iterator[str]:
    if (kind, field) == ("Html", "body"):
        if Tags.of(text) - {"div", "script", "style"}:
            yield f"{kind}.{field}: {text[:300]}"
    elif (kind, field) == ("PlotlyChart", "spec"):
        yield from (f"{kind}.{field}: {one[:300]}" for one in texts_of(json.loads(text)) if MARKUP.search(one))
    elif (kind, field) not in PLAIN and field not in NEVER_SHOWN:
        text = CODE.sub("", text)
        bare = text.replace("\\", "")
        hit = LIVE.search(text) or LATER.search(bare) or REORDERING.search(text)
        if hit:
            near = max(0, hit.start() - 60)
            yield f"{kind}.{field}: …{(text if hit.string is text else bare)[near : hit.end() + 60]!r}"


def holds(at: AppTest, text: str) -> bool:
    """Whether the page shows it at all, also in a table."""
    tables = (str(one.value.to_dict("records")) for one in at.dataframe)
    sent = (message.SerializeToString().replace(b"\\", b"") for message in messages(at))
    return any(text in table for table in tables) or any(text.encode() in one for one in sent)


def texts_of(value: Any) -> Iterator[str]:
    """Every text of a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts_of(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts_of(one)
