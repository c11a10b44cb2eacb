"""No question to the service's tables goes without a look at its plan."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import queries
from tests.plans.questions import NOT_OF_THE_TABLES, QUESTIONS


def asking() -> Iterator[Callable[..., Any]]:
    """The public functions of queries that ask a connection with the service's schema."""
    for module in map(
        import_module, (f"queries.{found.name}" for found in pkgutil.iter_modules(queries.__path__))
    ):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            kinds = list(inspect.get_annotations(function).values())
            if kinds[:2] == ["Connection", "ServiceSchema"] and not name.startswith("_"):
                yield function


def test_each_is_asked_or_excused() -> None:
    asked = {question.function for question in QUESTIONS}
    assert set(asking()) == asked | set(NOT_OF_THE_TABLES)
    assert not asked & set(NOT_OF_THE_TABLES)


def test_each_has_a_name_of_its_own() -> None:
    names = [question.name for question in QUESTIONS]
    assert len(set(names)) == len(names)
