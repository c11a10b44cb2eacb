from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from dashboard import settings, settings_document
from dashboard.settings_errors import SettingsError
from queries.models import PriceList, StuckRules, Thresholds
from queries.price_history import PriceHistory, PricesFrom
from tests.dashboard.conftest import Configure

URL = "postgresql://reader:hunter2@db/books"


def problems() -> list[str]:
    settings.load.cache_clear()
    with pytest.raises(SettingsError) as caught:
        settings.load()
    return list(caught.value.fields["problems"].splitlines())


def _second(**changed: object) -> str:
    """Two versions of the prices as JSON, the second one with these values."""
    first = {"since": "2026-01-01", "per_image": 0.04}
    return json.dumps([first, {"since": "2026-09-01", "per_image": 0.05} | changed])


def test_defaults_are_those_of_the_contract(configure: Configure) -> None:
    here = configure(database_url=URL)
    assert here.stuck_rules == StuckRules()
    assert here.thresholds == Thresholds()
    assert here.prices == PriceList()
    assert (here.store_url, here.jobs_table, here.metric_prefix) == (URL, "jobs", "bookgen_")
    assert (here.auth, here.read_only, here.environment) == ("demo", False, "production")


def test_each_setting_reaches_what_it_is_for(configure: Configure) -> None:
    here = configure(
        database_url=URL,
        store_url="postgres://other/ops",
        stuck_running_minutes=1,
        sla_seconds=90,
        stuck_critical=9,
        price_per_image="0.04",
        service_url="http://books:8000/",
    )
    assert here.store_url == "postgres://other/ops"
    assert here.stuck_rules.running == timedelta(minutes=1)
    assert here.stuck_rules.sla == timedelta(seconds=90)
    assert here.thresholds.stuck_critical == 9
    assert here.prices.per_image == Decimal("0.04")
    assert here.service_url == "http://books:8000"


def test_a_trace_url_is_kept_as_it_is(configure: Configure) -> None:
    template = "https://traces.example/search?id={trace_id}&x={y}"
    assert configure(database_url=URL, trace_url=template).trace_url == template


SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
VERSIONS = PriceHistory(
    (
        PricesFrom(None, PriceList(per_image=Decimal("0.04"))),
        PricesFrom(SEPTEMBER, PriceList(per_image=Decimal("0.05"), images_per_book=14)),
        PricesFrom(OCTOBER, PriceList(Decimal("0.01"), Decimal("0.05"), images_per_book=14)),
    ),
    "Asia/Seoul",
)


def test_prices_that_changed_are_read_from_the_environment(configure: Configure) -> None:
    """In whatever order; what a version leaves out stays as it was before."""
    late = {"since": "2026-10-01", "per_llm_call": "0.01", "per_image": None}
    early = {"since": "2026-09-01", "per_image": 0.05, "images_per_book": 14}
    known = {"database_url": URL, "service_timezone": "Asia/Seoul", "price_per_image": "0.04"}
    here = configure(price_versions=json.dumps([late, early]), **known)
    assert here.price_history == VERSIONS
    assert here.prices == VERSIONS.at(datetime.now(UTC))


def test_prices_that_changed_are_read_from_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, configure: Configure
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(
        '[ops]\nservice_timezone = "Asia/Seoul"\nprice_per_image = 0.04\n'
        "[[ops.price_versions]]\nsince = 2026-09-01\nper_image = 0.05\nimages_per_book = 14\n"
        '[[ops.price_versions]]\nsince = "2026-10-01"\nper_llm_call = 0.01\n'
    )
    monkeypatch.setenv(settings.FILE_VARIABLE, str(file))
    assert configure(database_url=URL).price_history == VERSIONS


def test_the_prices_are_those_that_hold_now(configure: Configure) -> None:
    """By the service's day, which has begun in Kiritimati long before it does in UTC."""
    zone = "Pacific/Kiritimati"
    today = datetime.now(ZoneInfo(zone)).date()
    versions = [{"since": f"{today + timedelta(days=2)}", "per_image": 9}, {"since": f"{today}", "per_image": 2}]
    here = configure(database_url=URL, service_timezone=zone, price_versions=json.dumps(versions))
    assert here.prices.per_image == 2


def test_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, configure: Configure
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(f'[auth]\nx = 1\n[ops]\ndatabase_url = "{URL}"\ntimezone = "Asia/Seoul"\nlanguage = "ko"\n')
    monkeypatch.setenv(settings.FILE_VARIABLE, str(file))
    here = configure(timezone="Europe/Berlin")
    assert (here.database_url, here.timezone, here.language) == (URL, "Europe/Berlin", "ko")


def test_an_empty_variable_counts_as_not_set(configure: Configure) -> None:
    assert configure(database_url=URL, prometheus_url="").prometheus_url is None


def test_settings_are_frozen(configure: Configure) -> None:
    with pytest.raises(ValidationError):
        configure(database_url=URL).timezone = "Europe/Berlin"


def test_nothing_set_is_one_sentence() -> None:
    (told,) = problems()
    assert told.startswith("OPS_DATABASE_URL is not set: give it in the environment, or in the table [ops] of ")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "mysql://me:hunter2@db/books", "OPS_DATABASE_URL is not a PostgreSQL address"),
        ("STORE_URL", "hunter2", "OPS_STORE_URL is not a PostgreSQL address"),
        ("PROMETHEUS_URL", "prometheus:9090", "OPS_PROMETHEUS_URL is not a web address"),
        ("PROMETHEUS_URL", "http://[hunter2", "OPS_PROMETHEUS_URL is not a web address"),
        ("SERVICE_URL", "ftp://books", "OPS_SERVICE_URL is not a web address"),
        ("TRACE_URL", "https://traces.example/", "OPS_TRACE_URL is not the address of a trace"),
        ("TRACE_URL", "traces.example/{trace_id}", "OPS_TRACE_URL is not the address of a trace"),
        ("TRACE_URL", "javascript:alert('{trace_id}')", "OPS_TRACE_URL is not the address of a trace"),
        ("TRACE_URL", "https://traces.example/a b/{trace_id}", "OPS_TRACE_URL is not the address of a trace"),
        ("TIMEZONE", "Mars/Olympus", "OPS_TIMEZONE is not a time zone"),
        ("SERVICE_TIMEZONE", "+02:00", "OPS_SERVICE_TIMEZONE is not a time zone"),
        ("METRIC_PREFIX", "book gen", "OPS_METRIC_PREFIX cannot begin a metric's name"),
        ("JOBS_TABLE", " ", "OPS_JOBS_TABLE is not a table's name"),
        ("AUTH", "none", "OPS_AUTH must be one of 'demo', 'oidc' or 'proxy'."),
        ("READ_ONLY", "perhaps", "OPS_READ_ONLY is neither true nor false."),
        ("REFRESH_SECONDS", "0", "OPS_REFRESH_SECONDS must be greater than 0."),
        ("REFRESH_SECONDS", "soon", "OPS_REFRESH_SECONDS is not a whole number."),
        ("SLA_SECONDS", "ten", "OPS_SLA_SECONDS is not a number."),
        ("PRICE_PER_IMAGE", "-1", "OPS_PRICE_PER_IMAGE must be at least 0."),
        ("PRICE_PER_IMAGE", "cheap", "OPS_PRICE_PER_IMAGE is not a number."),
        ("SUCCESS_WARNING", "90", "OPS_SUCCESS_WARNING must be at most 1.0."),
        ("STUCK_WARNING", "9", "OPS_STUCK_WARNING may not be greater than OPS_STUCK_CRITICAL."),
        ("SUCCESS_WARNING", "0.5", "OPS_SUCCESS_CRITICAL may not be greater than OPS_SUCCESS_WARNING."),
        ("PRICE_VERSIONS", "[", "OPS_PRICE_VERSIONS is not JSON (line 1, column 2): write "),
        ("PRICE_VERSIONS", "{}", "OPS_PRICE_VERSIONS is not a list."),
        ("PRICE_VERSIONS", "[3]", "OPS_PRICE_VERSIONS, entry 1 is not a table of keys and values."),
        ("PRICE_VERSIONS", '[{"per_image": 1}]', "OPS_PRICE_VERSIONS, entry 1, since is missing."),
        *(
            ("PRICE_VERSIONS", text, f"OPS_PRICE_VERSIONS, entry 2, {problem}")
            for text, problem in (
                (_second(since="2026-13-01"), "since is not a day: write it as 2026-09-01."),
                (_second(since=20260901), "since is not a day: write it as 2026-09-01."),
                (_second(since=None), "since is not a day: write it as 2026-09-01."),
                (_second(per_picture=1), "per_picture is not known there: correct its name or remove it."),
                (_second(per_image=-1), "per_image must be at least 0."),
                (_second(per_image="cheap"), "per_image is not a number."),
                (_second(per_image=True), "per_image is not a number."),
                (_second(images_per_book=1.5), "images_per_book is not a whole number."),
            )
        ),
        ("PRICE_VERSIONS", _second(since="2026-01-01"), "OPS_PRICE_VERSIONS has two versions since 2026-01-01"),
        ("PRICE_VERSIONS", _second(per_image=None), "OPS_PRICE_VERSIONS has a version since 2026-09-01 without a"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv("OPS_DATABASE_URL", URL)
    monkeypatch.setenv(f"OPS_{name}", value)
    told = problems()
    assert len(told) == 1
    assert told[0].startswith(expected)
    assert told[0].endswith(".")
    assert "hunter2" not in told[0]


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TIMEZONE", "Mars")
    monkeypatch.setenv("OPS_AUTH", "none")
    named = {sentence.split()[0] for sentence in problems()}
    assert named == {"OPS_DATABASE_URL", "OPS_TIMEZONE", "OPS_AUTH"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[ops\n", "cannot be read as TOML"),
        ("ops = 3\n", "ops must be a table"),
        ('[ops]\ndatabase_url = "postgres://db/x"\ntimezome = "UTC"\n', "OPS_TIMEZOME is not a setting"),
        ("[ops]\ndatabase_url = 5\n", "OPS_DATABASE_URL is not a text"),
    ],
)
def test_a_faulty_file_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text(text)
    monkeypatch.setenv(settings.FILE_VARIABLE, str(file))
    told = problems()
    assert len(told) == 1
    assert expected in told[0]


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(settings.FILE_VARIABLE, str(tmp_path / "gone.toml"))
    assert problems() == [f"OPS_SETTINGS_FILE names {tmp_path / 'gone.toml'}, which is not there."]


def test_no_secret_is_in_what_settings_look_like(configure: Configure) -> None:
    here = configure(database_url=URL, service_admin_key="hunter2", alias_key="hunter2")
    assert "hunter2" not in repr(here)
    assert "hunter2" not in str(here)


def test_aliases_have_a_key_of_their_own(configure: Configure) -> None:
    derived = configure(database_url=URL).user_alias_key
    assert derived == configure(database_url=URL).user_alias_key
    assert derived != configure(database_url=URL + "2").user_alias_key
    assert "hunter2" not in derived
    assert configure(database_url=URL, alias_key="chosen").user_alias_key == "chosen"


def test_every_setting_is_documented() -> None:
    """Run python -m dashboard.settings_document when this fails."""
    assert all(field.description for field in settings.Settings.model_fields.values())
    assert settings_document.PATH.read_text(encoding="utf-8") == settings_document.text()
