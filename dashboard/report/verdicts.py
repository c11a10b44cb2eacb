"""What a week's numbers say, in sentences, the most important first: plain text for page and message alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from dashboard.components import cost_terms, cost_words
from dashboard.components.cost_month_verdict import expected_state, spent_state
from dashboard.components.formatting import count, money, percent
from dashboard.components.verdicts import State
from dashboard.i18n import t, tn
from dashboard.report import phrases
from dashboard.report.numbers import JudgedDay, Numbers
from queries import cost_change
from queries.forecast import MonthForecast
from queries.models import MoneySource

# A week that moved by less is as the one before.
NOTABLE_CHANGE = 0.02
# More days than this are counted, not listed.
LISTED_DAYS = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    state: State
    text: str
    detail: str = ""

    @property
    def line(self) -> str:
        return f"{self.text} {self.detail}".strip()


def sentences(numbers: Numbers) -> tuple[Sentence, ...]:
    """At least one."""
    if numbers.this.usd is None:
        return (_unknown(), _books(numbers))
    told = [_spent(numbers.this.usd, numbers), _books(numbers)]
    if numbers.forecast is not None:
        told.append(_month(numbers.forecast, numbers))
    told.append(_waste(numbers))
    told += _unusual(numbers)
    told += _unpriced(numbers)
    return tuple(told)


def _unknown() -> Sentence:
    return Sentence(
        State.NOT_OFFERED,
        t("What the week cost is not known."),
        t("This service keeps no ledger of its calls, and no price list is set (OPS_PRICE_PER_IMAGE and others)."),
    )


def _spent(usd: Decimal, numbers: Numbers) -> Sentence:
    estimated = numbers.source is MoneySource.ESTIMATED
    text = t("The week cost about {usd}.") if estimated else t("The week cost {usd}.")
    if not numbers.finished:
        text = t("The week has cost {usd} so far.")
    return Sentence(State.OK, text.format(usd=money(usd)), _against(usd, numbers))


def _against(usd: Decimal, numbers: Numbers) -> str:
    before = numbers.before.usd
    if not before or numbers.change is None:
        return t("The week before cost nothing, or has no data.")
    if not numbers.finished:
        return t("The whole week before cost {before}.", before=money(before))
    if abs(usd / before - 1) < Decimal(str(NOTABLE_CHANGE)):
        return t("That is as much as the week before ({before}).", before=money(before))
    difference = money(abs(cost_change.rounded(numbers.change).usd))
    share = percent(abs(float(usd / before) - 1), digits=0)
    fields = {"difference": difference, "share": share, "before": money(before)}
    if usd > before:
        return t("That is {difference} ({share}) more than the week before ({before}).", **fields)
    return t("That is {difference} ({share}) less than the week before ({before}).", **fields)


def _books(numbers: Numbers) -> Sentence:
    this = numbers.this
    if not this.done:
        return Sentence(State.NO_DATA, t("No book of this week is finished."))
    books = tn("{n} book was finished", "{n} books were finished", this.done)
    if this.loaded is None or this.direct is None:
        return Sentence(State.OK, f"{books}.")
    each = t(
        "at {loaded} each, of which {direct} went into the book",
        loaded=cost_terms.precise(this.loaded),
        direct=cost_terms.precise(this.direct),
    )
    return Sentence(State.OK, f"{books} {each}.")


def _month(forecast: MonthForecast, numbers: Numbers) -> Sentence:
    name, budget, spent = cost_words.month(numbers.last), phrases.chosen(numbers.budget), money(forecast.spent)
    state = max(
        spent_state(forecast.spent, numbers.limits, numbers.budget), expected_state(forecast, numbers.budget)
    )
    if forecast.spent >= numbers.budget:
        passed = t(
            "{month} has passed its budget of {budget}: {spent} are spent.", month=name, budget=budget, spent=spent
        )
        return Sentence(state, passed, _end(forecast))
    stands = t("{month} stands at {spent} by {day}.", month=name, spent=spent, day=phrases.short_day(numbers.last))
    return Sentence(state, stands, f"{_end(forecast)} {_chance(forecast, budget)}")


def _end(forecast: MonthForecast) -> str:
    expected = cost_words.about(forecast.expected)
    if forecast.course[-1].spent is not None:
        return t("The month is over.")
    if forecast.low is None or forecast.high is None:
        return t("At this pace it ends at {expected}.", expected=expected)
    low, high = cost_words.about(forecast.low), cost_words.about(forecast.high)
    return t(
        "It is expected to end at {expected}, in 4 of 5 cases between {low} and {high}.",
        expected=expected,
        low=low,
        high=high,
    )


def _chance(forecast: MonthForecast, budget: str) -> str:
    if forecast.probability is None:
        return t("The budget is {budget}.", budget=budget)
    chance = cost_words.probability(forecast.probability)
    if forecast.exhausted is None:
        return t("The chance to pass the budget of {budget} is {chance}.", budget=budget, chance=chance)
    return t(
        "The chance to pass the budget of {budget} is {chance}; it is expected to be used up on {day}.",
        budget=budget,
        chance=chance,
        day=phrases.short_day(forecast.exhausted),
    )


def _waste(numbers: Numbers) -> Sentence:
    this = numbers.this
    if not this.wasted_usd or this.waste_share is None:
        return Sentence(State.OK, t("Nothing was wasted."))
    share = percent(this.waste_share)
    text = t("{usd} ({share}) bought nothing.", usd=money(this.wasted_usd), share=share)
    if not numbers.waste_codes:
        return Sentence(State.OK, text)
    most = numbers.waste_codes[0]
    return Sentence(
        State.OK, text, t("Most of it: {what} ({usd}).", what=phrases.wasted(most), usd=money(most.usd))
    )


def _unusual(numbers: Numbers) -> Iterator[Sentence]:
    unusual = [one for one in numbers.judged if one.unusual]
    for one in unusual[:LISTED_DAYS]:
        yield Sentence(State.WARNING, _odd_day(one))
    if len(unusual) > LISTED_DAYS:
        yield Sentence(
            State.WARNING, t("{n} more days were unusual for their weekday.", n=count(len(unusual) - LISTED_DAYS))
        )
    over = sum(one.over for one in numbers.judged)
    if over:
        limit = phrases.chosen(numbers.limits.daily_cost_warning)
        yield Sentence(
            State.WARNING,
            tn(
                "{n} day cost more than the daily warning of {limit}.",
                "{n} days cost more than the daily warning of {limit}.",
                over,
                limit=limit,
            ),
        )
    elif not unusual and any(one.usual is not None for one in numbers.judged):
        yield Sentence(State.OK, t("No day was unusual for its weekday."))


def _odd_day(one: JudgedDay) -> str:
    fields = {
        "day": phrases.day(one.day),
        "usd": money(one.usd),
        "usual": cost_words.about(one.usual or Decimal(0)),
        "weekday": cost_words.weekday(one.day),
    }
    return t("{day} cost {usd}, where a {weekday} usually costs {usual}.", **fields)


def _unpriced(numbers: Numbers) -> Iterator[Sentence]:
    if numbers.this.unpriced:
        yield Sentence(
            State.WARNING,
            tn("{n} call has no price:", "{n} calls have no price:", numbers.this.unpriced),
            t("what they cost is in no figure of this report."),
        )
