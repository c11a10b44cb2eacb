"""Users by how close they are to the limit: rows that stand still, everybody else in one row, all as a file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import Any

import streamlit as st

from dashboard import discretion, links, usage_totals
from dashboard.components import spreadsheets, tables, usage_words
from dashboard.components.tables import Shown
from dashboard.components.usage_now import UsageNow, share
from dashboard.i18n import t, tn
from queries.usage_models import Tally, UserTally, total

# More than anybody reads down; the file has all.
LISTED = 50
PERCENT = "%.1f %%"
_MONEY = ("usd", "money_source", "unpriced_calls")
CSV_NAMES = (
    "user",
    *("jobs", "limit", "done", "failed", "refused", "cancelled", "open", "rejected"),
    *_MONEY,
    *("share_of_jobs", "cumulative_share"),
)


def show(now: UsageNow) -> None:
    """Raises DatabaseError."""
    if not now.users:
        st.markdown(f":gray[{t('Nobody used the service {days}.', days=usage_words.days(now.days))}]")
        return
    shown = _held(now)
    listed, rest = _parted(now, shown.rows)
    running = accumulate(user.tally.jobs for user in listed)
    rows = [
        _row(now, user.tally, sofar) | {"user": link(user.alias), "closeness": user.tally.jobs}
        for user, sofar in zip(listed, running, strict=True)
    ]
    if rest:
        rows.append(_row(now, total(one.tally for one in rest), now.total.jobs) | {"user": others(len(rest))})
    tables.table(
        rows, _columns(now), alt=t("Users, most jobs first, with what came of their jobs and their shares")
    )
    _below(now, shown)


def key(now: UsageNow) -> str:
    """Other days begin anew."""
    return f"usage-{now.days.first}-{now.days.last}-{now.days.zone}"


def as_csv(now: UsageNow) -> bytes:
    """Every user for a spreadsheet, most jobs first. Raises DatabaseError."""
    running = accumulate(user.tally.jobs for user in now.users)
    shown = discretion.money_shown()
    return spreadsheets.as_csv(
        [name for name in CSV_NAMES if shown or name not in _MONEY],
        [_csv_row(now, user, sofar) for user, sofar in zip(now.users, running, strict=True)],
    )


def user_column(*, pinned: bool = True) -> Any:
    """The column of link() and beside(); pinned stays in view."""
    return st.column_config.LinkColumn(
        t("User"), display_text=rf"(?:{links.USER}=|^#)([^&]+)$", pinned=pinned, width=125
    )


def link(alias: str) -> str:
    """The user's page; its last part is what is shown."""
    return links.to("user", **{links.USER: alias})


def others(number: int) -> str:
    """Those who are not listed."""
    return beside(tn("{n} other", "{n} others", number))


def beside(words: str) -> str:
    """Words in the place of a link, which only lead to where they stand."""
    return f"#{words}"


def _held(now: UsageNow) -> Shown:
    """The digests to list: while the page refreshes, those of before in the order of before."""
    newest = [user.digest for user in now.users[:LISTED]]
    return tables.hold(key(now), newest, str, holding=True)


def _parted(now: UsageNow, digests: Sequence[str]) -> tuple[list[UserTally], list[UserTally]]:
    """Those to list as they are now, and everybody else."""
    by_digest = {user.digest: user for user in now.users}
    listed = [by_digest.pop(digest, UserTally(digest, Tally())) for digest in digests]
    return listed, list(by_digest.values())


def _below(now: UsageNow, shown: Shown) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        days = f"{now.days.first}-{now.days.last}" if not now.days.single else f"{now.days.first}"
        spreadsheets.offer(partial(as_csv, now), f"usage-{days}.csv")
        if list(shown.rows) != [user.digest for user in now.users[:LISTED]]:
            label = tn("{n} new", "{n} new", shown.arrived) if shown.arrived else t("Sort again")
            st.button(label, icon=":material/sort:", on_click=tables.show_new, args=(key(now),), key="usage-sort")
        st.caption(usage_words.source(now.reading))
    if not now.told:
        st.caption(t("Whose requests were turned away is not offered by this service."))


def _columns(now: UsageNow) -> dict[str, Any]:
    number, text = st.column_config.NumberColumn, st.column_config.TextColumn
    columns: dict[str, Any] = {"user": user_column()}
    if now.limit:
        of_limit = t("Of {limit} a day", limit=now.limit)
        columns["closeness"] = st.column_config.ProgressColumn(
            of_limit, format="%d", min_value=0, max_value=now.limit, width=130
        )
    columns["jobs"] = number(t("Jobs"), width=60, format="localized")
    columns["done"] = number(t("Done"), width=60, format="localized")
    columns["failed"] = number(t("Failed"), width=60, format="localized")
    refused = t("Ended by the safety check")
    columns["refused"] = number(t("Refused"), width=65, format="localized", help=refused)
    if now.told:
        rejected = t("Requests that a limit turned away; they make no job")
        columns["rejected"] = number(t("Turned away"), width=90, format="localized", help=rejected)
    if discretion.money_shown():
        columns["spend"] = text(t("Spend"), width=80, alignment="right")
    columns["share"] = number(t("Share"), width=70, format=PERCENT, help=t("Of all jobs"))
    columns["cumulative"] = number(t("Cumulative"), width=90, format=PERCENT, help=t("With all rows above"))
    return columns


def _row(now: UsageNow, tally: Tally, sofar: int) -> dict[str, Any]:
    return {
        "jobs": tally.jobs,
        "done": tally.done,
        "failed": tally.failed,
        "refused": tally.refused,
        "rejected": tally.rejected,
        "spend": usage_words.spent(tally)[0],
        "share": _percentage(tally.jobs, now),
        "cumulative": _percentage(sofar, now),
    }


def _percentage(jobs: int, now: UsageNow) -> float | None:
    part = share(jobs, now.total.jobs)
    return None if part is None else 100 * part


def _csv_row(now: UsageNow, user: UserTally, sofar: int) -> dict[str, object]:
    tally, spend = user.tally, usage_totals.usd(user.tally)
    return {
        "user": user.alias,
        "jobs": tally.jobs,
        "limit": now.limit,
        "done": tally.done,
        "failed": tally.failed,
        "refused": tally.refused,
        "cancelled": tally.cancelled,
        "open": tally.open,
        "rejected": tally.rejected if now.told else None,
        "usd": spend.usd,
        "money_source": spend.source.value,
        "unpriced_calls": spend.unpriced,
        "share_of_jobs": share(tally.jobs, now.total.jobs),
        "cumulative_share": share(sofar, now.total.jobs),
    }
