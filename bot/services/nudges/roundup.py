"""What an adult is told about several conferences of one day, in one message that is read in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.conference import access
from bot.services import forms
from bot.services.adults import contributing
from bot.services.advising.digest import called
from bot.services.agenda import booked
from bot.services.house import House
from bot.services.speech import Button, Saying
from bot.store.session import AnyRow
from bot.taps import Form, Tap

IDEAS = "ideas_day"
SAW = "nudge_saw_day"

BLOCKS = 34
"""Of the 50 a message may have: so many for students who ask for something, the rest for all others."""
CHARACTERS = 2800
"""Of the 3,900 that are read aloud."""
BUTTONS, ROW = 10, 5
"""So many names have a button each, so many of them in a row; more are a menu."""


def ideas(
    house: House, connection: Connection, adult: AnyRow, conferences: Sequence[int], now: datetime,
    below: Sequence[Button] = (),
) -> Saying | None:  # fmt: skip
    """What an adult can give for several conferences of one day: those asked for something first, as long as there is
    room, then the names of the others, each with a way to its card. With one of them, its card. None where there is
    nothing to give any more. `below`: buttons under it all."""
    every = [(one, contributing.card(house, connection, adult, one, now)) for one in conferences]
    cards = [(one, card) for one, card in every if card is not None]
    if len(cards) < 2:
        return contributing.with_below(cards[0][1], below) if cards else None
    cards.sort(key=lambda each: (each[1].context["time"], each[0]))
    names = _called(connection, adult.workspace, [one for one, _ in cards])
    asked = [each for each in cards if each[1].context["asks"]]
    asked.sort(key=lambda each: not any(ask["named"] for ask in each[1].context["asks"]))
    shown = asked[: _room([card for _, card in asked])]
    more = [one for one, _ in asked[len(shown) :]]
    quiet = [one for one, card in cards if not card.context["asks"]]
    context = {
        "count": len(cards),
        "date": cards[0][1].context["date"],
        "family": adult.role == access.Role.FAMILY,
        "students": [{**card.context, "n": one, "student": names[one]} for one, card in shown],
        "more": [names[one] for one in more],
        "quiet": [names[one] for one in quiet],
    }

    def card_of(one: int) -> Button:
        return Button(Tap.SHOW, f"={names[one]}", f"card:{one}")

    menus = {name: _choice(listed, card_of) for name, listed in (("more", more), ("quiet", quiet)) if listed}
    under = {"actions": [[*below]]} if below else {}
    return Saying(IDEAS, context, {**_sections(shown), **menus, **under})


def seen(
    connection: Connection, adult: AnyRow, conferences: Sequence[AnyRow], below: Sequence[Button] = ()
) -> Saying:  # fmt: skip
    """What did they see at several conferences of one day: a button for each student."""
    ordered = sorted(conferences, key=lambda row: (row.time, row.id))
    names = _called(connection, adult.workspace, [row.id for row in ordered])
    context = {"date": ordered[0].date.isoformat(), "students": [*names.values()]}
    taps = [Button(Tap.FORM, f"={name}", forms.value(Form.SAW, one), "primary") for one, name in names.items()]
    return Saying(SAW, context, {"actions": [*_rows(taps), *([[*below]] if below else [])]})


def _sections(shown: Sequence[tuple[int, Saying]]) -> dict[str, Sequence[Sequence[Any]]]:
    """The buttons of those students who stand there with what they ask."""
    found: dict[str, Sequence[Sequence[Any]]] = {}
    for one, card in shown:
        found |= {f"{slot}-of-{one}": rows for slot, rows in card.buttons.items()}
    return found


def _room(asked: Sequence[Saying]) -> int:
    """How many cards, from the first, have room in a message."""
    blocks = characters = 0
    for number, card in enumerate(asked):
        parts = [(ask["words"], ask["how"], ask["goal"]) for ask in card.context["asks"]]
        blocks += 2 + sum(3 + bool(goal) + 2 * bool(how) for _, how, goal in parts)
        characters += sum(len(text) for part in parts for text in part)
        if number and (blocks > BLOCKS or characters > CHARACTERS):
            return number
    return len(asked)


def _choice(listed: Sequence[int], button: Callable[[int], Button]) -> list[list[Any]]:
    """One of some students to choose."""
    buttons = [button(one) for one in listed]
    if len(buttons) <= BUTTONS:
        return [*_rows(buttons)]
    options = [[one.value, one.label] for one in buttons]
    return [[{"select": Tap.SHOW, "value": "card", "options": options, "chosen": "", "hint": "choose_student"}]]


def _rows(buttons: Sequence[Button]) -> Iterator[list[Button]]:
    return ([*buttons[start : start + ROW]] for start in range(0, len(buttons), ROW))


def _called(connection: Connection, workspace: str, conferences: Sequence[int]) -> dict[int, str]:
    """What the students of these conferences are called, by conference, in the same order."""
    held = [booked.conference_of(connection, workspace, one) for one in conferences]
    there = [row for row in held if row is not None]
    return dict(zip((row.id for row in there), called([row.student for row in there]), strict=True))
