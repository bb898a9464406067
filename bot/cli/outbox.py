"""`conference-coach outbox`: what waits to be said and why, for whoever looks after the bot. It shows no message."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from bot.errors import CoachError
from bot.school.values import meant
from bot.services.addressee import addressee
from bot.services.audit import trail
from bot.services.roster.school import workspaces
from bot.services.speech import Kind
from bot.settings import Settings
from bot.store.existing import existing, workable
from bot.store.session import Store
from scheduler import operating
from scheduler.bell import Bell
from scheduler.deliveries import Delivery, State
from scheduler.operating import Done, Entry, Standing

ENDS = 8
"""Ids are shown by their ends: they begin with the time, which many share."""
NARROWEST = 160
"""Columns where the output is no terminal."""
_FACTS = (
    "template",
    "message",
    "step",
    "flow",
    "receiver",
    "person",
    "student",
    "conference",
    "slot",
    "key",
    "page",
    "ts",
)
_ASKED = ("conversation", "flow", "question", "round", "prompt")
_SAID = {
    Done.SCHEDULED: "goes out now",
    Done.PLANNED: "goes out at its time, {due}",
    Done.LOOKED_FOR: "is looked for now, and sent again only if it is not found twice",
    Done.DROPPED: "dropped",
    Done.IN_HAND: "is being sent at this moment: nothing was done",
    Done.WAITS: "is scheduled and goes out by itself: nothing was done",
    Done.ARRIVED: "has arrived: nothing was done",
    Done.OVER: "is over already: nothing was done",
    Done.EMPTIED: "is too old: what it was to say was let go of, and nothing was done",
    Done.CHANGED: "changed at this very moment: look at it, and try again",
}


_CHANGES = (Done.SCHEDULED, Done.PLANNED, Done.LOOKED_FOR, Done.DROPPED)


@dataclass(frozen=True)
class _Desk:
    """What the commands work with."""

    store: Store
    connection: Connection
    workspace: str
    zone: ZoneInfo
    now: datetime

    def at(self, instant: datetime | None) -> str:
        """On the school's clock."""
        return f"{instant.astimezone(self.zone):%a %d %b %H:%M}" if instant else ""

    def to(self, delivery: Delivery) -> str:
        """Who it is for."""
        found = addressee(self.connection, self.workspace, delivery.recipient)
        if found.channel:
            return f"channel of {found.name or delivery.recipient}"
        return found.name or delivery.recipient


class OutboxError(CoachError):
    """What was asked of the outbox cannot be done; nothing was."""


@click.group(invoke_without_command=True)
@click.option(
    "--state",
    "standings",
    type=click.Choice([one.value for one in Standing]),  # of an enum click would take the names, "DEAD"
    multiple=True,
    help="Only these; may be repeated.",
)
@click.option("--kind", help="Only of this kind.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="So many of each state.")
@click.option("--workspace", help="Which, if the database has several.")
@click.pass_context
def outbox(
    context: click.Context, standings: tuple[str, ...], kind: str | None, limit: int, workspace: str | None
) -> None:
    """What waits to be said: due, held, being sent, unknown, dead. Times are the school's."""
    context.obj = workspace
    if context.invoked_subcommand is not None:
        return
    with _desk(workspace) as desk:
        wanted = tuple(Standing(one) for one in standings) or operating.WAITING
        entries = operating.listed(desk.connection, desk.workspace, desk.now, wanted, kind, limit)
        counts = operating.counts(desk.connection, desk.workspace)
        _refuse_unknown(kind, {*Kind, *(one.kind for one in counts)})
        _show_list(desk, entries)
        _show_counts([one for one in counts if kind in (None, one.kind)])


@outbox.command()
@click.argument("identity", metavar="ID")
@click.pass_obj
def show(workspace: str | None, identity: str) -> None:
    """All of one delivery but its words. The end of its ID will do."""
    with _desk(workspace) as desk:
        (entry,) = _resolved(desk, [identity])
        for name, value in _facts(desk, entry):
            if value not in (None, ""):
                click.echo(f"{name + ':':<14} {value}")


@outbox.command()
@click.argument("identities", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def retry(workspace: str | None, identities: tuple[str, ...]) -> None:
    """Send again what is dead, expired or cancelled, at its time if that is to come; look now for what is unknown."""
    _change(workspace, identities, operating.retry)


@outbox.command()
@click.argument("identities", metavar="ID...", nargs=-1, required=True)
@click.pass_obj
def drop(workspace: str | None, identities: tuple[str, ...]) -> None:
    """Cancel what is scheduled, unknown or dead."""
    _change(workspace, identities, operating.drop)


@contextmanager
def _desk(workspace: str | None, *, write: bool = False) -> Iterator[_Desk]:
    settings = Settings.read(os.environ)
    store = (workable if write else existing)(settings.database_url, settings.keyring)
    try:
        with store.write() if write else store.read() as connection:
            name, zone = _chosen(workspaces(connection), workspace)
            yield _Desk(store, connection, name, ZoneInfo(zone), datetime.now(UTC))
    finally:
        store.close()


def _refuse_unknown(kind: str | None, known: set[str]) -> None:
    if kind is not None and kind not in known:
        remedy = f"Write one of {', '.join(sorted(known))}.{meant(kind, known)}"
        raise OutboxError(f"--kind {kind}: There is no such kind. {remedy}")


def _chosen(there: Mapping[str, str], wanted: str | None) -> tuple[str, str]:
    if wanted is None and len(there) == 1:
        return next(iter(there.items()))
    if wanted in there:
        return str(wanted), there[str(wanted)]
    if not there:
        raise OutboxError("There is no school in this database. Load one: conference-coach load DIR")
    raise OutboxError(f"Which workspace? conference-coach outbox --workspace {' | '.join(there)}")


def _change(
    workspace: str | None, identities: Sequence[str], verb: Callable[[Connection, Delivery, datetime], Done]
) -> None:
    with _desk(workspace, write=True) as desk:
        entries = _resolved(desk, identities)
        done = [(entry.delivery, verb(desk.connection, entry.delivery, desk.now)) for entry in entries]
        for one, what in done:
            if what in _CHANGES:
                act = trail.Act.CHANGED
                trail.note(desk.connection, desk.workspace, desk.now, trail.CLI, act, "delivery", one.id)
        said = [
            f"{_short(one)} {_what(one)} for {desk.to(one)}: {_SAID[what].format(due=desk.at(one.due_at))}"
            for one, what in done
        ]
        rung = {one.lane for one, what in done if what in (Done.SCHEDULED, Done.PLANNED, Done.DROPPED)}
        engine = desk.store.engine
    click.echo("\n".join(said))
    if rung and engine.dialect.name == "postgresql":
        Bell(engine).ring(rung)
        engine.dispose()


def _resolved(desk: _Desk, identities: Sequence[str]) -> list[Entry]:
    """Each that is meant, once; OutboxError with all that cannot be told."""
    found: dict[str, Entry] = {}
    problems: list[str] = []
    for text in identities:
        entries = operating.named(desk.connection, desk.workspace, text.removeprefix("…"), desk.now)
        if len(entries) == 1:
            found[entries[0].delivery.id] = entries[0]
        elif entries:
            listed = ", ".join(entry.delivery.id for entry in entries)
            problems.append(f"{text}: There are several. Give more of the id: {listed}")
        else:
            problems.append(f"{text}: There is none. conference-coach outbox lists them.")
    if problems:
        raise OutboxError("\n".join(problems))
    return list(found.values())


# --- what is shown -----------------------------------------------------------------------------------------------


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=NARROWEST, highlight=False)


def _show_list(desk: _Desk, entries: Sequence[Entry]) -> None:
    if not entries:
        click.echo("Nothing waits.")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("id", "state", "what", "for", "due", "tried", "why"):
        table.add_column(column, no_wrap=column in ("id", "state"), justify="right" if column == "tried" else "left")
    for entry in entries:
        one = entry.delivery
        tried = str(one.attempts or "")
        table.add_row(
            _short(one), entry.standing, _what(one), desk.to(one), desk.at(one.due_at), tried, _why(desk, entry)
        )
    _console().print(table)


def _show_counts(counts: Sequence[operating.Count]) -> None:
    numbers: dict[str, dict[State, int]] = defaultdict(dict)
    for one in counts:
        numbers[one.kind][one.state] = one.number
    states = [state for state in State if any(state in each for each in numbers.values())]
    table = Table("kind", *states, box=box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for kind, each in numbers.items():
        table.add_row(kind, *(str(each.get(state, "")) for state in states))
    if numbers:
        _console().print(table)


def _short(delivery: Delivery) -> str:
    return f"…{delivery.id[-ENDS:]}"


def _what(delivery: Delivery) -> str:
    named = _named(delivery)
    detail = named.get("step") or named.get("template") or named.get("question") or named.get("message")
    return f"{delivery.kind} {detail}" if detail else delivery.kind


def _named(delivery: Delivery) -> dict[str, Any]:
    """What of the payload is a name of ours or an id. Anything else may be somebody's words."""
    payload = delivery.payload
    asked = payload.get("ask")
    facts = {name: payload[name] for name in _FACTS if name in payload}
    if isinstance(asked, Mapping):
        facts |= {name: asked[name] for name in _ASKED if name in asked}
    return {name: value for name, value in facts.items() if isinstance(value, str | int)}


def _why(desk: _Desk, entry: Entry) -> str:
    one = entry.delivery
    if entry.behind:
        return f"behind …{entry.behind[-ENDS:]}"
    if entry.standing is Standing.HELD:
        return f"{one.reason or 'refused for now'}, again {desk.at(one.next_at)}"
    if entry.standing is Standing.UNKNOWN:
        return f"{one.reason or ''}, looked for {desk.at(one.next_at)}"
    return one.reason or ""


def _facts(desk: _Desk, entry: Entry) -> Iterator[tuple[str, object]]:
    one = entry.delivery
    yield "id", one.id
    yield "state", f"{entry.standing}{'' if one.wanted else ', not to be tried again'}"
    yield "why", _why(desk, entry)
    yield "kind", one.kind
    yield from _named(one).items()
    yield "for", f"{desk.to(one)} ({one.recipient})"
    yield "about", one.subject
    yield "unique by", one.dedupe_key
    for name, instant in (
        ("put", one.created_at),
        ("due", one.due_at),
        ("next", one.next_at),
        ("expires", one.expires_at),
    ):
        yield name, desk.at(instant)
    yield "tried", one.attempts
    yield "in hand of", one.owner if one.state is State.SENDING else None
    yield "not found", one.missing or None
    yield "looked for", desk.at(one.checked_at)
    yield "settled", desk.at(one.settled_at)
    yield "stands in", " ".join(part for part in (one.ref_channel, one.ref_ts) if part)
