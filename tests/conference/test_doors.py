"""Every way in and who may go through it: the whole table, written out, and held against what the bot listens to."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from bot.cli.main import main
from bot.conference.access import Role
from bot.conference.doors import DOORS, Door, Outside, Way, admits
from bot.services.command import showing
from bot.services.forms import handlers
from bot.slack import listeners
from bot.taps import Form, Tap
from bot.words import Words

WHO_MAY_COME_IN = """
tap      answer choices open visible change thanks    student advisor
tap      practice decide                              student advisor
tap      remind beside look                           advisor
tap      attend commitment                            student advisor teacher family
tap      packet                                       student advisor family
tap      alert_open alert_take alert_hand             counselor
tap      snooze language form show                    everybody
show     conference                                   student advisor teacher family coordinator
show     card                                         advisor teacher family
show     agenda commitments commit                    student advisor teacher family
show     back                                         student
form     idea pride work rsvp saw                     advisor teacher family
form     hold                                         advisor
form     commit                                       student advisor teacher family
form     thanks cue paused                            student advisor
command  start preview menu practice lead             student
command  beside                                       advisor
command  agenda commit commitments                    student advisor teacher family
command  status pause resume language help            everybody
"""
ALL_ROLES = {role.value for role in Role}
AT_THE_SERVER = {Way.CLI}
FOR_ANYONE = {Door(Way.COMMAND, "")}


class Registry:
    """Stands where Bolt's app stands, and keeps what is registered: by kind, what each listener listens to."""

    def __init__(self) -> None:
        self.heard: defaultdict[str, list[Any]] = defaultdict(list)

    def __getattr__(self, kind: str) -> Callable[..., Any]:
        def register(*what: Any, **_more: Any) -> Callable[[Any], Any]:
            self.heard[kind].append(what[0] if what else None)
            return lambda function: function

        return register


@pytest.fixture(scope="module")
def heard() -> dict[str, list[Any]]:
    """All that the bot's listeners listen to, but for the catch-alls."""
    registry = Registry()
    desk: Any = SimpleNamespace(workspace="T1", bot_user="U1", house=None, api=None, caps=None, send=None)
    listeners.register(registry, desk)  # type: ignore[arg-type]
    return {
        kind: [one for one in found if not (isinstance(one, re.Pattern) and one.pattern == ".*")]
        for kind, found in registry.heard.items()
    }


def names(way: Way) -> set[str]:
    return {door.name for door in DOORS if door.way is way}


def written_out() -> Iterator[tuple[Door, set[str]]]:
    for line in WHO_MAY_COME_IN.strip().splitlines():
        way, *words = line.split()
        roles = ALL_ROLES if words[-1] == "everybody" else {word for word in words if word in ALL_ROLES}
        for name in words:
            if name != "everybody" and name not in ALL_ROLES:
                yield Door(Way(way), name), roles


def test_the_table_is_the_one_written_out_here() -> None:
    apart = {door for door in DOORS if door.way in (Way.CLI, Way.EVENT)} | FOR_ANYONE
    table = {door: {str(who) for who in admitted} for door, admitted in DOORS.items() if door not in apart}
    assert table == dict(written_out())


def test_every_tap_has_one_listener_and_a_door_and_there_are_no_others(heard: dict[str, list[Any]]) -> None:
    for tap in names(Way.TAP):
        assert [one.pattern for one in heard["action"] if one.match(f"{tap}.1")] == [rf"^{tap}\.\d+$"]
    assert len(heard["action"]) == len(names(Way.TAP)) == len(Tap)


def test_every_form_has_a_handler_and_a_door_and_there_are_no_others(heard: dict[str, list[Any]]) -> None:
    assert names(Way.FORM) == {str(form) for form in handlers()} == {form.value for form in Form}
    (submitted,) = heard["view"]
    assert all(submitted.match(f"form:{form}") for form in names(Way.FORM))


def test_what_a_button_shows_and_the_words_of_the_command_have_doors_and_there_are_no_others(
    heard: dict[str, list[Any]],
) -> None:
    assert names(Way.SHOW) == {*showing.SHOWN, Form.COMMIT.value}
    catalog = Words.load(hears=False).catalog
    typed = {key.removeprefix("command.") for key in catalog.labels("en") if key.startswith("command.")}
    assert names(Way.COMMAND) - {""} == typed - {"description", "hint"}  # those Slack shows beside the command
    assert heard["command"] == ["/conference"]


def test_every_event_the_manifest_asks_for_has_a_listener_and_a_door(heard: dict[str, list[Any]]) -> None:
    manifest = json.loads(Path("manifest.json").read_text(encoding="utf-8"))
    asked = {event.partition(".")[0] for event in manifest["settings"]["event_subscriptions"]["bot_events"]}
    assert names(Way.EVENT) == asked == {*heard["event"], "message"}  # messages are taken in before any listener


def test_nothing_else_is_listened_to(heard: dict[str, list[Any]]) -> None:
    assert {kind for kind, found in heard.items() if found} == {"action", "view", "command", "event", "use", "error"}


def test_every_verb_at_the_server_has_a_door_and_there_are_no_others() -> None:
    assert names(Way.CLI) == set(verbs(main))


def verbs(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command of a group, with the names of the groups it is in. A group that does something itself is one."""
    if not isinstance(command, click.Group) or (path and command.invoke_without_command):
        yield " ".join(path)
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from verbs(one, (*path, name))


@pytest.mark.parametrize("role", Role)
def test_nobody_of_the_roster_is_let_in_at_the_server_and_its_owner_not_in_slack(role: Role) -> None:
    assert {door.way for door in DOORS if not admits(door, role) and admits(door, Outside.OPERATOR)} == {Way.CLI}
    assert not any(admits(door, Outside.OPERATOR) for door in DOORS if door.way is not Way.CLI)


def test_a_stranger_comes_in_where_it_is_found_out_who_they_are_and_nowhere_else() -> None:
    opened = {door for door in DOORS if admits(door, Outside.STRANGER)}
    assert opened == {Door(Way.COMMAND, ""), *(Door(Way.EVENT, name) for name in names(Way.EVENT))}


def test_what_is_no_door_lets_nobody_in() -> None:
    for way in Way:
        assert not any(admits(Door(way, "nowhere"), who) for who in (*Role, *Outside))
