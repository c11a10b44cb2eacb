"""What a setting's value may be."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr

# What stands for the trace's id in an address.
TRACE_ID = "{trace_id}"
_TARGET = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
_METRIC_PREFIX = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


class Unfit(ValueError):
    """A setting's value is refused; the text ends the sentence that begins with the setting's name."""


def _postgres(url: str) -> str:
    if url.partition("://")[0] not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise Unfit("is not a PostgreSQL address: write postgresql://user:password@host:5432/database")
    return url


def _http(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Unfit("is not a web address: write http://host:port")
    return url.rstrip("/")


def _trace_url(template: str) -> str:
    usable = template.startswith(("http://", "https://")) and TRACE_ID in template
    if not usable or not template.isprintable() or " " in template:
        raise Unfit(f"is not the address of a trace: write https://traces.example/trace/{TRACE_ID}")
    return template


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise Unfit("is not a time zone of the IANA list: write a name such as Europe/Berlin or UTC")
    return name


def _table(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise Unfit("is not a table's name: write jobs, or schema.jobs")
    return name


def _metric_prefix(prefix: str) -> str:
    if not _METRIC_PREFIX.fullmatch(prefix):
        raise Unfit("cannot begin a metric's name: use letters, digits and underscores, such as bookgen_")
    return prefix


def _targets(addresses: SecretStr | None) -> SecretStr | None:
    for number, address in enumerate(addresses.get_secret_value().split() if addresses else (), 1):
        if not _TARGET.fullmatch(address):
            told = "write mailtos://user:password@host?to=…, slack://… or json://…, with spaces between several"
            raise Unfit(f"holds no address of Apprise in place {number}: {told}")
    return addresses


# A validated URL stays a text: the libraries that take it parse it themselves.
DatabaseUrl = Annotated[str, AfterValidator(_postgres)]
HttpUrl = Annotated[str, AfterValidator(_http)]
TraceUrl = Annotated[
    Annotated[str, AfterValidator(_trace_url)] | None,
    Field(
        description=f"Where a job's trace is seen: an address with `{TRACE_ID}` in it, such as "
        f"`https://traces.example/trace/{TRACE_ID}`."
    ),
]
ZoneName = Annotated[str, AfterValidator(_zone)]
Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[Decimal, Field(ge=0)]
Minutes = Annotated[float, Field(gt=0)]
ConsoleUrl = Annotated[
    HttpUrl | None, Field(description="Where people open this console; the weekly report names it to its readers.")
]
ReportTargets = Annotated[
    SecretStr | None,
    AfterValidator(_targets),
    Field(
        description="Who gets the weekly report by `ops-dashboard report --send`: addresses of Apprise for mail, "
        "chats or webhooks, with spaces between them."
    ),
]
TableName = Annotated[str, AfterValidator(_table)]
MetricPrefix = Annotated[str, AfterValidator(_metric_prefix)]
