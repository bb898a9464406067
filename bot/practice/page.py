"""How the demo looks: a conversation, a review and what others see, coloured on a terminal and plain in a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.control import Control
from rich.markup import escape
from rich.panel import Panel
from rich.rule import Rule
from rich.segment import ControlType, Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bot.practice.ledger import Entry
from bot.practice.message import Message
from bot.practice.review import Line
from bot.practice.terminal import mrkdwn, show, visible
from bot.practice.view import View

NARROW, WIDE, PIPED = 72, 110, 88
"""Columns: the least and the most on a terminal, and what a pipe gets unless COLUMNS says otherwise."""

COACH, STUDENT, ASIDE = "green", "cyan", "dim italic"
_MARKS, _GUTTER = "●◐○", 9


@dataclass(frozen=True)
class Bubble:
    """What somebody says, with a bar and their name beside it: at the left, or at the right."""

    words: RenderableType
    name: str
    colour: str
    right: bool = False
    bar: str = "▌"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - _GUTTER - max(8, options.max_width // 6)
        lines = [_stripped(line) for line in console.render_lines(self.words, options.update(width=room), pad=False)]
        longest = max((Segment.get_line_length(line) for line in lines), default=0)
        for number, line in enumerate(lines):
            yield from self._line(line, self.name if number == 0 else "", longest, options.max_width, number == 0)
            yield Segment.line()

    def _line(self, line: list[Segment], name: str, longest: int, width: int, first: bool) -> Iterator[Segment]:
        bold, colour = Style.parse(f"bold {self.colour}"), Style.parse(self.colour)
        if self.right:
            yield Segment(" " * (width - _GUTTER - longest))
            yield from line
            yield Segment(" " * (longest - Segment.get_line_length(line)))
            yield from (Segment(" ▐", colour), Segment(f" {name}" if name else "", bold))
            return
        bar = self.bar if first or self.bar == "▌" else " "
        yield from (Segment(f"{name:>6}", bold), Segment(f" {bar}", colour), Segment(" " if line else ""))
        yield from line


@dataclass(frozen=True)
class _Cut:
    """The first lines of something, and a sign that there are more."""

    whole: RenderableType
    lines: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rendered = console.render_lines(self.whole, options, pad=False)
        for line in rendered[: self.lines]:
            yield from line
            yield Segment.line()
        if len(rendered) > self.lines:
            yield Text(f"… and {len(rendered) - self.lines} lines more", style="dim")


def _stripped(line: list[Segment]) -> list[Segment]:
    """A line without the blanks at its end."""
    kept = list(line)
    while kept and not kept[-1].text.rstrip():
        kept.pop()
    return [*kept[:-1], Segment(kept[-1].text.rstrip(), kept[-1].style)] if kept else []


class Page:
    """Where the demo is written, from top to bottom."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or _console()

    @property
    def live(self) -> bool:
        """Whether somebody sits before a terminal."""
        return self.console.is_terminal

    def title(self, title: str, *lines: str) -> None:
        """The head of it all."""
        head = Text(title, style="bold")
        self.console.print(Panel(Group(head, *(Text(line) for line in lines)), box=box.HEAVY, padding=(0, 2)))

    def heading(self, title: str, aside: str = "") -> None:
        """A new part begins."""
        named = f"[bold]{escape(title)}[/bold]" + (f" [dim]· {escape(aside)}[/dim]" if aside else "")
        self.console.print()
        self.console.print(Rule(Text.from_markup(named), align="left", style="dim"))
        self.console.print()

    def week(self, monday: date) -> None:
        """A week begins."""
        self.console.print()
        self.console.print(
            Rule(Text(f"Week of {monday.day} {monday:%B}", style="bold yellow"), align="left", style="yellow")
        )

    def event(self, at: datetime, to: str, what: str, *, went: bool = True) -> None:
        """Something comes to somebody, or does not; in a line."""
        when = f"{at:%a} {at.day:>2} {at:%b} {f'{at:%H:%M}' if went else '  –  '}"
        head = Text.assemble((f" {when}  ", "dim"), (f"{visible(to)}  ", "bold" if went else "dim"))
        line = Text.assemble(head, (visible(what), "" if went else "dim"))
        line.truncate(self.console.width, overflow="ellipsis")
        self.console.print(line)

    def brief(self, name: str, deeds: Sequence[str], last: str) -> None:
        """What somebody does, in a few lines, and what the coach says in the end ("" if that is to follow)."""
        words = Text(visible(" · ".join(deeds)), style=STUDENT)
        if last:
            words = Text.assemble(words, "\n", ("→ " + mrkdwn(last).plain, "dim"))
        self.console.print(Bubble(words, name, STUDENT))
        self.console.print()

    def told(self, told: Sequence[Entry], others: Mapping[str, Mapping[str, int]]) -> None:
        """The closing table: every nudge around one student, then how many there were of the others'."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        whole = ("When", "To whom", "What") if self.console.width < PIPED else ("When", "To whom", "What", "Why then")
        for title in ("When", "To whom", "What", "Why then", "What became of it"):
            table.add_column(title, overflow="fold", no_wrap=title in whole)
        for one in told:
            style = "" if one.sent else "dim"
            when = f"{one.at:%a} {one.at.day:>2} {one.at:%b} {f'{one.at:%H:%M}' if one.sent else '  –  '}"
            table.add_row(
                when.replace(" ", "\u00a0"), visible(one.to), one.step, one.why, visible(one.fate), style=style
            )
        self.console.print(table)
        self.console.print()
        for who, fates in others.items():
            many = ", ".join(f"{number} {fate}" for fate, number in sorted(fates.items(), key=lambda one: -one[1]))
            self.console.print(Text.assemble(("Besides, to others · ", "dim"), (f"{who}: ", "bold"), many))
        self.console.print()

    def time(self, passed: str, day: str) -> None:
        """Time goes by."""
        self.console.print(
            Rule(Text(f"{passed} · {day}" if passed else day, style="yellow"), style="yellow", characters="┄")
        )
        self.console.print()

    def note(self, text: str) -> None:
        """What there is to see, from outside."""
        if text:
            self.console.print(Bubble(Text(text, style=ASIDE), "", "dim", bar="↳"))
            self.console.print()

    def coach(self, message: Message, first: int = 0) -> None:
        """Something the coach says. `first`: the number its first button is tapped by; 0 for none."""
        self._bubble(show(message, WIDE, first), "Coach", COACH)

    def said(self, name: str, text: str, file: str = "") -> None:
        """Something the student types or sends."""
        words = Text(visible(text))
        if file:
            words = Text.assemble((f"📎 {visible(file)}", "magenta"), "\n" if text else "", words)
        self._bubble(words, name, STUDENT, right=True)

    def tapped(self, name: str, label: str) -> None:
        """A button the student taps."""
        self._bubble(Text(f"[{visible(label)}]".replace(" ", "\u00a0"), style=f"bold {STUDENT}"), name, STUDENT, True)

    def filled(self, name: str, title: str, fills: Mapping[str, str]) -> None:
        """What somebody fills in, in a window."""
        table = Table.grid(padding=(0, 1))
        table.add_row(Text(f"▢ {visible(title)}", style="magenta"), "")
        for label, words in fills.items():
            table.add_row(Text(visible(label), style="dim"), Text(visible(words)))
        self._bubble(table, name, STUDENT, right=True)

    def window(self, view: View) -> None:
        """What a window says that is only to be read."""
        self._bubble(Group(Text(f"▢ {visible(view.title)}", style="magenta"), show(view, WIDE)), "Coach", COACH)

    def edited(self, name: str, before: str, after: str) -> None:
        """One of the student's own messages, changed."""
        words = Text.assemble((visible(before), "dim strike"), "\n", visible(after), (" (edited)", "dim"))
        self._bubble(words, name, STUDENT, right=True)

    def chose(self, name: str, line: Line, option: str) -> None:
        """Who is to see a line, chosen in its menu."""
        words = Text.assemble((visible(f"“{line.words}”"), "dim"), "\n", (f"‹{option} ▾›", f"bold {STUDENT}"))
        self._bubble(words, name, STUDENT, right=True)

    def review(self, lines: Sequence[Line], first: int = 0) -> None:
        """The lines of an agenda under review. `first`: the number of the first; 0 for none."""
        numbers = {line.place: number for number, line in enumerate(lines, first)} if first else {}
        table = Table.grid(padding=(0, 1))
        for _ in range(3 if first else 2):
            table.add_column()
        blank = [""] * (2 if first else 1)
        for part, of_part in groupby(lines, lambda line: line.part):
            if table.row_count:
                table.add_row()
            table.add_row(*blank, Text(part, style="bold"))
            for line in of_part:
                number = [Text(str(numbers[line.place]), style="dim")] if first else []
                table.add_row(*number, _mark(line), _words(line))
        self._bubble(Group(table, Text(), *_legend(lines)), "Coach", COACH)

    def changed(self, line: Line) -> None:
        """A line of the review that stands otherwise now."""
        row = Table.grid(padding=(0, 1))
        row.add_row(_mark(line), _words(line))
        who = line.who.rpartition("\n")[2]
        self._bubble(Group(row, Text(f"  {who}", style="dim")), "Coach", COACH)

    def look(self, title: str, where: str, shown: Sequence[Message | View], aside: str = "", lines: int = 0) -> None:
        """What somebody sees in Slack; `lines`: no more than so many, 0 for all."""
        self.console.print(Text.assemble((title, "bold")))
        inner: list[RenderableType] = [Text(aside, style="dim")] if aside else []
        for number, message in enumerate(shown):
            inner += [Text()] if inner and (number or aside) else []
            inner.append(show(message, WIDE))
        panel = Panel(
            _Cut(Group(*inner), lines) if lines else Group(*inner),
            title=Text(where),
            title_align="left",
            box=box.ROUNDED,
            border_style="dim",
            padding=(0, 1),
        )
        self.console.print(panel)
        self.console.print()

    def outcome(self, well: bool | None, what: str, how: str) -> None:
        """What came of it, in a line: well, not, or (None) neither."""
        mark = {True: ("✓ ", "bold green"), False: ("✗ ", "bold red"), None: ("· ", "dim")}[well]
        self.console.print(Text.assemble(mark, (f"{what:8}", "bold"), how))

    def take_back(self) -> None:
        """Wipe the line above, typed at a prompt: what it said is about to be shown."""
        if self.live and not self.console.is_dumb_terminal:
            self.console.control(Control.move(0, -1), Control((ControlType.ERASE_IN_LINE, 2)))

    def line(self, text: str = "", style: str = "") -> None:
        """A line of its own."""
        self.console.print(Text(text, style=style))

    def _bubble(self, words: RenderableType, name: str, colour: str, right: bool = False) -> None:
        self.console.print(Bubble(words, name, colour, right))
        self.console.print()


def _console() -> Console:
    """A console on standard output: colours only before a terminal, and not if NO_COLOR is set."""
    live = sys.stdout.isatty()
    if not (sys.stdout.encoding or "").lower().startswith("utf"):
        _show_what_it_can()
    if not live:
        width = int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdecimal() else PIPED
        return Console(width=_fit(width), force_terminal=False, color_system=None, highlight=False, emoji=False)
    if os.environ.get("NO_COLOR"):
        return Console(width=_fit(Console().width), color_system=None, highlight=False, emoji=False)
    return Console(width=_fit(Console().width), highlight=False, emoji=False)


def _fit(width: int) -> int:
    return max(NARROW, min(width, WIDE))


def _show_what_it_can() -> None:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


def _mark(line: Line) -> Text:
    colour = ("green", "yellow", "dim")[min(line.choice, 2)]
    return Text(_MARKS[min(line.choice, 2)], style=colour)


def _words(line: Line) -> Text:
    words = visible(line.words.replace("\n", " / "))
    return Text.assemble((f"{line.label}: ", "dim") if line.label else "", words)


def _legend(lines: Sequence[Line]) -> Iterator[Text]:
    told = {line.choice: (_mark(line), line.who.rpartition("\n")[2]) for line in reversed(lines)}
    for choice in sorted(told):
        mark, who = told[choice]
        yield Text.assemble(mark, " ", (who, "dim"))
    if lines:
        yield Text(f"Under every line: ‹{' / '.join(lines[0].options)} ▾›", style="dim")
