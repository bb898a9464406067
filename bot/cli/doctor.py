"""`conference-coach doctor`: everything an installation needs, looked at; what is wrong, and what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import click

from bot.doctor.examination import Result, examine
from bot.doctor.finding import State
from bot.doctor.look import Look

FORM = 1
"""The version of the JSON's form."""

WIDEST = 100
"""Columns, where the terminal is wider, or the output is none."""

Signs = Mapping[State, str]
_SIGNS: Signs = {State.OK: "✓", State.WARNING: "!", State.FAILED: "✗", State.NOT_LOOKED_AT: "–"}
_PLAIN: Signs = {State.OK: "ok", State.WARNING: "!!", State.FAILED: "XX", State.NOT_LOOKED_AT: "--"}
"""The same for a terminal that has no such letters."""

_COLORS = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "red", State.NOT_LOOKED_AT: "bright_black"}
_TOLD = (State.WARNING, State.FAILED)
"""What is told with its remedy; the failures come last, where they are read first."""

_RANK = (State.NOT_LOOKED_AT, State.OK, State.WARNING, State.FAILED)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it for a program to read.")
@click.option("--all", "every", is_flag=True, help="Say also what is in order, and why something was not looked at.")
@click.option("--workspace", metavar="T…", default="", help="Which, if the database has several schools.")
def doctor(as_json: bool, every: bool, workspace: str) -> None:
    """Look at everything the bot needs, and say what is wrong, with the variable or file and the remedy.

    Nothing is changed, neither in Slack nor in the database, and no secret is shown. The exit code is 1 where
    something has failed, else 0.

    \b
    --json prints one object:
      form    1; a key may be added without another number, none goes or changes
      at      when it was looked at
      counts  how many checks ended in each state
      checks  in their order, each with group, name, state, said, concerns, remedy:
              state is ok, warning, failed or not looked at; the others are texts, or ""
    """
    look = Look(os.environ, workspace=workspace)
    results = examine(look)
    if as_json:
        click.echo(json.dumps(_document(results, look.now), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_page(results, every=every)))
    click.get_current_context().exit(int(_number(results, State.FAILED) > 0))


def _number(results: Sequence[Result], state: State) -> int:
    return sum(one.finding.state is state for one in results)


# --- for a program -----------------------------------------------------------------------------------------------


def _document(results: Sequence[Result], now: datetime) -> dict[str, Any]:
    """As the command's help describes it."""
    states = Counter(one.finding.state for one in results)
    return {
        "form": FORM,
        "at": now.isoformat(timespec="seconds"),
        "counts": {state.value: states[state] for state in State},
        "checks": [_entry(one) for one in results],
    }


def _entry(result: Result) -> Mapping[str, str]:
    finding = result.finding
    return {
        "group": result.check.group.value,
        "name": result.check.name,
        "state": finding.state.value,
        "said": finding.said,
        "concerns": str(finding.concerns),
        "remedy": finding.remedy,
    }


# --- for a person ------------------------------------------------------------------------------------------------


def _page(results: Sequence[Result], *, every: bool) -> Iterator[str]:
    """A line or two for each group, then what is to be mended, then the sum. Colors go where there is no terminal."""
    signs, width = _signs(), min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    lines = _each if every else _in_a_row
    for group, members in groupby(results, key=lambda one: one.check.group):
        yield click.style(group.value, bold=True)
        yield from lines(signs, list(members), width)
    for state in _TOLD:
        for one in results:
            if one.finding.state is state:
                yield from ("", *_told(signs, one, width))
    yield from ("", _sum(results, signs))


def _signs() -> Signs:
    try:
        "".join(_SIGNS.values()).encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return _PLAIN
    return _SIGNS


def _in_a_row(signs: Signs, results: Sequence[Result], width: int) -> Iterator[str]:
    """The names of the checks with their signs; where there are too many for a line, of those that say nothing only how
    many there are."""
    if all(one.finding.state is State.NOT_LOOKED_AT for one in results):
        yield _colored(State.NOT_LOOKED_AT, f"  {signs[State.NOT_LOOKED_AT]} not looked at")
        return
    marks = [(one.finding.state, f"{signs[one.finding.state]} {one.check.name}") for one in results]
    if _length(marks) > width:
        marks = [(state, mark) for state, mark in marks if state in _TOLD]
        for state, said in ((State.OK, "in order"), (State.NOT_LOOKED_AT, "not looked at")):
            if number := _number(results, state):
                marks.append((state, f"{signs[state]} {number} {said}"))
    yield from _filled(marks, width)


def _filled(marks: Sequence[tuple[State, str]], width: int) -> Iterator[str]:
    """Lines that are not too long."""
    line: list[tuple[State, str]] = []
    for mark in marks:
        if line and _length([*line, mark]) > width:
            yield "".join(f"  {_colored(*one)}" for one in line)
            line = []
        line.append(mark)
    yield "".join(f"  {_colored(*one)}" for one in line)


def _length(marks: Sequence[tuple[State, str]]) -> int:
    return sum(len(mark) + 2 for _, mark in marks)


def _each(signs: Signs, results: Sequence[Result], width: int) -> Iterator[str]:
    """A sentence for each check."""
    for one in results:
        state = one.finding.state
        first, *rest = textwrap.wrap(
            f"{signs[state]} {one.check.name}: {one.finding.said}", width, initial_indent="  ", subsequent_indent="    "
        )
        yield _colored(state, first)
        yield from (_colored(state, line) for line in rest)


def _told(signs: Signs, result: Result, width: int) -> Iterator[str]:
    """What is wrong, and what to do."""
    finding = result.finding
    concerns = "" if finding.concerns in ("", result.check.name) else f" ({finding.concerns})"
    yield _colored(finding.state, f"{signs[finding.state]} {result.check.name}{concerns}", bold=True)
    for text in (finding.said, finding.remedy):
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def _sum(results: Sequence[Result], signs: Signs) -> str:
    numbers = {state: _number(results, state) for state in State}
    told = [f"{number} {_called(state, number)}" for state, number in numbers.items() if number]
    worst = max((one.finding.state for one in results), key=_RANK.index)
    return _colored(worst, f"{signs[worst]} {', '.join(told)}.", bold=True)


def _called(state: State, number: int) -> str:
    return "warnings" if state is State.WARNING and number > 1 else state.value


def _colored(state: State, text: str, *, bold: bool = False) -> str:
    return click.style(text, fg=_COLORS[state], bold=bold)
