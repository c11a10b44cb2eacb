"""A week's numbers, invented, with foreign names that do not mean well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from dashboard.report.numbers import Edition, JudgedDay, KindUsd, Numbers, Users, UserUsd, WeekSums
from queries.cost_change import Change, Effect
from queries.cost_jobs import JobCost
from queries.cost_models import Fate
from queries.forecast import CourseDay, MonthForecast
from queries.models import MoneySource, Thresholds
from queries.waste import Waste

FIRST, DAY = date(2026, 11, 16), timedelta(days=1)
HOSTILE = "<script>alert('x')</script>"
HOSTILE_PROVIDER = "</table><img src=x onerror=alert(1)>"
REORDERING = "abc\u202e$1.00\u202cdef"
MADE_AT = datetime(2026, 11, 23, 6, 0, 12, 345678, tzinfo=UTC)


def usd(text: str) -> Decimal:
    return Decimal(text)


THIS = WeekSums(
    usd=usd("420.123456789"),
    direct_usd=usd("380"),
    wasted_usd=usd("36.5"),
    open_usd=usd("3"),
    unallocated_usd=usd("0.623456789"),
    loaded=usd("0.523815"),
    direct=usd("0.473815"),
    waste_share=0.0868792,
    unpriced=14,
    jobs=900,
    done=802,
    failed=40,
    refused=30,
    cancelled=8,
    success_rate=802 / 842,
    users=143,
)
BEFORE = replace(THIS, usd=usd("350.1"), done=760, users=131, unpriced=0)
CHANGE = Change(
    before_usd=usd("350.1"),
    after_usd=usd("420.123456789"),
    jobs_usd=usd("40.02"),
    effects=(
        Effect(HOSTILE_PROVIDER, "image", usd("30.5"), usd("-1.25")),
        Effect("story-llm", "llm", usd("0.004"), usd("0.749456789")),
    ),
    other_usd=usd("0"),
)
FORECAST = MonthForecast(
    spent=usd("960.99"),
    pace=usd("1300"),
    expected=usd("1280.99"),
    low=usd("1216.99"),
    high=usd("1352.99"),
    probability=0.64,
    exhausted=date(2026, 11, 29),
    exhausted_early=date(2026, 11, 27),
    exhausted_late=None,
    closed_days=85,
    course=tuple(
        CourseDay(
            day=date(2026, 11, day),
            spent=usd(str(day * 44)) if day <= 22 else None,
            low=usd(str(day * 41)) if day >= 22 else None,
            expected=usd(str(day * 43)),
            high=usd(str(day * 45)) if day >= 22 else None,
        )
        for day in range(1, 31)
    ),
)


def numbers(**changes: Any) -> Numbers:
    """Of week 47 of 2026."""
    days = [FIRST + number * DAY for number in range(-28, 7)]
    return replace(
        Numbers(
            week="2026-W47",
            zone="Asia/Seoul",
            first=FIRST,
            last=FIRST + 6 * DAY,
            until=datetime(2026, 11, 22, 15, tzinfo=UTC),
            finished=True,
            environment=f"production {HOSTILE}",
            source=MoneySource.LEDGER,
            this=THIS,
            before=BEFORE,
            days=tuple(KindUsd(day, kind, usd("20.5")) for day in days for kind in ("image", "llm", HOSTILE)),
            judged=tuple(
                JudgedDay(day, usd("61.5"), usd("30"), unusual=day.day == 19, over=day.day == 19)
                for day in days[-7:]
            ),
            limits=Thresholds(daily_cost_warning=usd("60")),
            budget=usd("1200"),
            forecast=FORECAST,
            change=CHANGE,
            waste_codes=(
                Waste(HOSTILE, usd("30"), usd("310"), Fate.FAILED),
                Waste("", usd("6.496"), usd("41"), Fate.AGAIN),
                Waste("", usd("0.004"), usd("3.5"), Fate.CALL_FAILED),
            ),
            waste_providers=(Waste(HOSTILE_PROVIDER, usd("36.5"), usd("354.5")),),
            waste_steps=(Waste(REORDERING, usd("36.5"), usd("354.5")),),
            users=Users(
                top=(UserUsd("user-7f3a9c01", 61, usd("31.2")),),
                others=142,
                others_jobs=839,
                others_usd=usd("388.3"),
                nobody_usd=usd("0.623456789"),
            ),
            jobs=(JobCost(f"job_{HOSTILE}", "user-7f3a9c01", "job", "done", 3, usd("2.41"), usd("1.2"), 0),),
        ),
        **changes,
    )


def edition(**changes: Any) -> Edition:
    return Edition(numbers(**changes), MADE_AT, revision=1, fixed=True)
