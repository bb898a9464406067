"""Every label that the code names is there in every language: a button whose words are missing stops what it is on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import bot
from bot.services.nudges import buttons
from prompts import Catalog

SOURCES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in Path(bot.__file__).parent.rglob("*.py")}
"""Every module of the bot."""

FIRST_OF = {"Button": (1, "label", "button"), "Field": (1, "label", "form"), "Window": (2, "title", "form")}
"""Where each of them takes a label's key, under which name, and in which table of labels.toml it is."""


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    given = [one.value for one in call.keywords if one.arg == name]
    return call.args[place] if len(call.args) > place else next(iter(given), None)


def words(expression: ast.expr | None) -> Iterator[str]:
    """The strings an expression may be, as far as they stand there."""
    match expression:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from (*words(expression.body), *words(expression.orelse))
        case ast.BoolOp():
            yield from (text for one in expression.values for text in words(one))


def calls() -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Every call in the bot, with the function it stands in."""

    def within(node: ast.AST, inside: ast.FunctionDef | None) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield inside, child
            yield from within(child, child if isinstance(child, ast.FunctionDef) else inside)

    for module in SOURCES.values():
        yield from within(module, None)


CALLS = list(calls())


def passed(function: ast.FunctionDef, name: str) -> Iterator[str]:
    """What a function is given for one of its parameters: its default, and what stands where it is called."""
    spec = function.args
    positional = [one.arg for one in (*spec.posonlyargs, *spec.args) if one.arg != "self"]
    defaults = dict(zip(reversed(positional), reversed(spec.defaults), strict=False))
    defaults |= {one.arg: value for one, value in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if value}
    yield from words(defaults.get(name))
    place = positional.index(name) if name in positional else len(positional) + 99
    for _, call in CALLS:
        if called(call) == function.name:
            yield from words(argument(call, place, name))


def named() -> Iterator[str]:
    """The keys of labels that buttons, fields and windows are made with, handed through one function at most."""
    for function, call in CALLS:
        if called(call) not in FIRST_OF:
            continue
        place, name, table = FIRST_OF[called(call)]
        label = argument(call, place, name)
        found = set(words(label))
        if isinstance(label, ast.Name) and function is not None:
            parameters = {one.arg for one in (*function.args.args, *function.args.kwonlyargs)}
            found |= set(passed(function, label.id)) if label.id in parameters else held(function, label.id)
        yield from (f"{table}.{text}" for text in found if text and not text.startswith("="))


def held(function: ast.FunctionDef, name: str) -> set[str]:
    """What a function sets one of its names to."""
    return {
        text
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
        for text in words(node.value)
    }


def listed() -> Iterator[str]:
    """The keys of buttons in tables by what is tapped (`labels = {...}`), and those of a nudge's choices."""
    for module in SOURCES.values():
        for node in ast.walk(module):
            match node:
                case ast.Assign(targets=[ast.Name(id="labels" | "_LABELS")], value=ast.Dict(values=values)):
                    yield from (f"button.{text}" for one in values for text in words(one))
    yield from (f"button.nudge_{one}" for one in buttons.CHOICES)


@pytest.mark.parametrize("language", Catalog.load().languages)
def test_every_label_that_the_code_names_has_words(language: str) -> None:
    keys = {*named(), *listed()}
    assert {"button.rsvp_change", "button.card", "button.keep_idea", "form.rsvp_title", "form.idea"} <= keys
    assert sorted(keys - Catalog.load().labels(language).keys()) == []
