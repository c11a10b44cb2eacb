"""ops-dashboard report: its numbers are the ledger's, a closed week's stay, and each target gets them once."""

from __future__ import annotations

import base64
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.abc import MetaPathFinder
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pypdf
import pytest
from typer.testing import CliRunner, Result

from actions import migrations
from dashboard import fetch
from dashboard.cli import app
from dashboard.report import page
from tests.dashboard.conftest import Configure
from tests.queries import cost_rows
from tests.queries.conftest import run, set_clock
from tests.queries.usage_rows import SPRING

WEEK, ZONE = "2026-W10", "America/New_York"
SECRET = "hunter2token"
# The week in which New York's clocks change: its Sunday has 23 hours.
SPAN = "between '2026-03-02 05:00+00' and '2026-03-09 03:59:59.999999+00'"
SUMS = f"""
select (select sum(cost_usd) from cost_events where occurred_at {SPAN}),
       (select count(*) from cost_events where occurred_at {SPAN} and cost_usd is null),
       (select count(*) from jobs where timezone('UTC', created_at) {SPAN}),
       (select count(*) from jobs where timezone('UTC', created_at) {SPAN} and status = 'done'),
       (select count(distinct user_key) from jobs where timezone('UTC', created_at) {SPAN}),
       (select sum(cost_usd) from cost_events where occurred_at < '2026-03-09 04:00+00'
                                                and occurred_at >= '2026-03-01 05:00+00')
"""  # noqa: S608


def report(*options: str) -> Result:
    return CliRunner().invoke(app, ["report", *options])


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def ask(url: str, statement: str) -> tuple[Any, ...]:
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        found = connection.execute(statement.encode()).fetchone()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def filled_template(new_database: Callable[[str], str], newer_template: str) -> str:
    url = new_database(newer_template)
    migrations.upgrade(url)
    cost_rows.fill(url, SPRING)
    return url.rsplit("/", 1)[1]


@pytest.fixture
def url(
    new_database: Callable[[str], str],
    filled_template: str,
    configure: Configure,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """The console before a season of jobs, in a folder of its own; its database's address."""
    monkeypatch.chdir(tmp_path)
    url = new_database(filled_template)
    configure(database_url=url, service_timezone=ZONE)
    return url


class Receiver(ThreadingHTTPServer):
    """Takes webhooks, but none on an address with "closed" in it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[dict[str, Any]] = []
        self.thread = Thread(target=self.serve_forever, daemon=True)

    def target(self, name: str) -> str:
        return f"json://user:{SECRET}@127.0.0.1:{self.server_port}/{name}/{SECRET}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        closed = "closed" in self.path
        if not closed:
            self.server.got.append(json.loads(body))
        self.send_response(503 if closed else 200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    server.thread.start()
    yield server
    server.shutdown()
    server.thread.join()
    server.server_close()


def test_the_numbers_are_the_ledgers(url: str) -> None:
    made = report("--week", WEEK, "--format", "csv", "--output", "-")
    assert made.exit_code == 0
    found = rows(made.stdout_bytes)
    value = {(row["section"], row["name"]): row["value"] for row in found}
    usd, unpriced, jobs, done, users, month = ask(url, SUMS)
    assert usd > 0
    assert Decimal(value["week", "usd"]) == usd
    assert [int(value["week", name]) for name in ("unpriced", "jobs", "done", "users")] == [
        unpriced, jobs, done, users,
    ]  # fmt: skip
    assert Decimal(value["month 2026-03", "spent"]) == month
    in_week = [
        row for row in found if row["section"] == "day" and "2026-03-02" <= row["name"][:10] <= "2026-03-08"
    ]
    assert _sum(in_week) == usd
    for section in ("code", "provider", "step"):
        wasted = [row for row in found if row["section"] == f"waste by {section}"]
        assert _sum(wasted) == Decimal(value["week", "wasted_usd"])
    assert _sum(row for row in found if row["section"] == "users") == usd
    before = Decimal(value["week before", "usd"])
    assert _sum(row for row in found if row["section"] == "change") == usd - before
    keys = ask(url, "select array_agg(distinct user_key) from jobs where user_key > ''")[0]
    assert not [key for key in keys if key in made.stdout]


def _sum(rows: Any) -> Decimal:
    return sum((Decimal(row["value"]) for row in rows), Decimal(0))


def test_a_closed_week_stays_as_it_was_told_until_it_is_made_anew(url: str) -> None:
    first = report("--week", WEEK)
    assert (first.exit_code, first.stderr) == (0, "")
    file = Path(f"costs-{WEEK}.html")
    assert f"Written: {file}" in first.stdout
    assert "later reports of this week repeat them" in first.stdout
    told = file.read_bytes()
    run(url, "update cost_events set cost_usd = cost_usd * 2", "update jobs set status = 'failed'")
    fetch.clear()
    again = report("--week", WEEK)
    assert (again.stdout, file.read_bytes()) == (first.stdout, told)
    anew = report("--week", WEEK, "--anew", "--output", "anew.html")
    assert "made anew on" in anew.stdout
    assert "(revision 2)" in anew.stdout
    assert Path("anew.html").read_bytes() != told
    run(url, 'update ops.weekly_reports set numbers = \'{"revision": 1, "numbers": {}}\'')
    unreadable = report("--week", WEEK)
    assert unreadable.exit_code == 1
    assert "Make them anew: ops-dashboard report --anew" in unreadable.stderr


def test_where_numbers_cannot_be_kept_it_is_made_and_says_so(configure: Configure, url: str) -> None:
    configure(read_only=True)
    made = report("--week", WEEK, "--format", "csv")
    assert made.exit_code == 0
    assert "not fixed: a later report of this week may differ. (This console is read-only" in made.stdout
    value = {row["name"]: row["value"] for row in rows(Path(f"costs-{WEEK}.csv").read_bytes())}
    assert value["numbers fixed"] == "no"
    configure(read_only=False)
    run(url, "drop schema ops cascade")
    assert "Run: ops-dashboard migrate" in report("--week", WEEK, "--format", "csv").stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--week", "2026-47"], "'2026-47' is no week (--week): write a year and its ISO week, such as 2"),
        (["--week", "2999-W02"], "Week 2999-W02 begins on 2999-01-07"),
        (["--again"], "--again: sends once more, so it needs --send."),
        (["--send"], "Where the weekly report is sent is not configured: set OPS_REPORT_TARGETS."),
        (["--week", WEEK, "--format", "csv", "--output", "no/such/folder"], "cannot be written: No such file"),
    ],
)
def test_what_is_not_possible_is_a_sentence(url: str, options: list[str], told: str) -> None:
    refused = report(*options)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert told in refused.stderr


def test_a_week_that_goes_on_can_be_looked_at_but_not_sent(url: str, configure: Configure) -> None:
    configure(report_targets=f"json://127.0.0.1:1/{SECRET}")
    week = ask(url, f"select to_char(timezone('{ZONE}', now()), 'IYYY-\"W\"IW')")[0]
    seen = report("--week", week)
    assert seen.exit_code == 0
    assert "UNFINISHED" in seen.stdout
    assert "Unfinished: the week goes on." in Path(f"costs-{week}.html").read_text()
    refused = report("--week", week, "--send")
    assert refused.exit_code == 1
    assert "is sent once it is over" in refused.stderr
    assert ask(url, "select count(*) from ops.weekly_reports") == (0,)
    assert ask(url, "select count(*) from ops.report_deliveries") == (0,)


# What Apprise reads pictures with is old.
@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_each_target_gets_it_once(
    url: str, configure: Configure, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(report_targets=f"{receiver.target('open')} {receiver.target('closed')} {receiver.target('open')}")
    first = report("--week", WEEK, "--send")
    (got,) = receiver.got
    _arrived(got)
    assert first.exit_code == 1
    assert f"sent, with costs-{WEEK}.pdf." in first.stdout
    assert "not sent: it answered with HTTP 503. To try again: --send --again" in first.stdout
    second = report("--week", WEEK, "--send")
    assert second.exit_code == 1
    assert "already, nothing was sent." in second.stdout
    assert "nobody knows whether it arrived" in second.stdout
    assert len(receiver.got) == 1
    _without_pango(monkeypatch)
    no_pdf = report("--week", WEEK, "--format", "pdf")
    assert (no_pdf.exit_code, "Run: apt-get install libpango-1.0-0" in no_pdf.stderr) == (1, True)
    monkeypatch.setattr(_Handler, "do_POST", _take)
    third = report("--week", WEEK, "--send", "--again")
    assert third.exit_code == 0
    assert f"sent, with costs-{WEEK}.html." in third.stdout
    assert [len(receiver.got), receiver.got[1]["attachments"][0]["filename"]] == [2, f"costs-{WEEK}.html"]
    assert report("--week", WEEK, "--send", "--again").exit_code == 0
    assert len(receiver.got) == 2
    everyone = report("--week", WEEK, "--send", "--again", "--anew")
    assert (everyone.exit_code, len(receiver.got)) == (0, 4)
    kept = ask(url, "select string_agg(d::text, ' ') from ops.report_deliveries d")[0]
    for told in (kept, *(one.output for one in (first, second, third, everyone))):
        assert SECRET not in told
        assert "127.0.0.1" not in told


def _take(handler: _Handler) -> None:
    handler.server.got.append(json.loads(handler.rfile.read(int(handler.headers["Content-Length"]))))
    handler.send_response(200)
    handler.end_headers()


def _arrived(got: dict[str, Any]) -> None:
    """Title, sentences, and a PDF of two pages at most with the same figures."""
    assert got["title"] == f"{page.name()}: Week 10 of 2026, production"
    assert "- The week cost $" in got["message"]
    (attached,) = got["attachments"]
    printed = pypdf.PdfReader(io.BytesIO(base64.b64decode(attached["base64"])))
    assert len(printed.pages) <= 2
    text = " ".join(" ".join(one.extract_text() for one in printed.pages).split())
    assert "Week 10 of 2026" in text
    told = [line.removeprefix("- ").split(".")[0] for line in got["message"].splitlines() if line.startswith("- ")]
    assert [line for line in told if line not in text] == []


def _without_pango(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that lacks the library: what weasyprint raises there."""

    class Lacking(MetaPathFinder):
        def find_spec(self, name: str, *_: object) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [name for name in sys.modules if name.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Lacking(), *sys.meta_path])


def test_without_a_ledger_it_is_an_estimate_and_without_prices_no_dollar_is_told(
    configure: Configure, migrated_url: str
) -> None:
    set_clock(migrated_url, "2026-12-01 12:00:00")
    week = ask(migrated_url, "select to_char(min(created_at), 'IYYY-\"W\"IW') from jobs")[0]
    configure(database_url=migrated_url, price_per_image="0.04", price_per_llm_call="0.01")
    estimated = rows(report("--week", week, "--format", "csv", "--output", "-").stdout_bytes)
    value = {(row["section"], row["name"]): row for row in estimated}
    assert Decimal(value["week", "usd"]["value"]) > 0
    assert {row["source"] for row in estimated if row["unit"] == "USD"} <= {
        *("estimated from price list", "setting", "forecast"),
    }
    run(migrated_url, "delete from ops.weekly_reports")
    configure(price_per_image="", price_per_llm_call="")
    fetch.clear()
    unknown = rows(report("--week", week, "--format", "csv", "--output", "-").stdout_bytes)
    value = {(row["section"], row["name"]): row for row in unknown}
    assert value["week", "usd"]["value"] == ""
    assert int(value["week", "jobs"]["value"]) > 0
