"""Erasing on a stage, and looking for what is left of somebody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Text, cast, select, update

from bot.practice.stage import Stage
from bot.services.leaving import erasing as verbs
from bot.services.leaving import foreseeing
from bot.services.leaving.erasing import Erasing
from bot.slack.client import SlackApi
from bot.slack.erasing import Eraser
from bot.store.models import ALL_METADATA, School, Term
from bot.store.session import Store
from scheduler.pace import UNLIMITED


def begin(stage: Stage, key: str, *, student: bool = True, with_alerts: bool = False) -> Erasing:
    """From here on they take no part."""
    workspace = stage.workspace.team_id
    with stage.bot.house.store.write() as connection:
        who = foreseeing.person(connection, workspace, key, student=student)
        foreseeing.refuse(connection, workspace, who, with_alerts=with_alerts)
        return verbs.begin(connection, workspace, who, stage.clock())


def eraser(stage: Stage, limits: Any = UNLIMITED) -> Eraser:
    """One for whom time passes when it waits."""

    def wait(span: timedelta) -> bool:
        stage.clock.advance(span.total_seconds())
        stage.workspace.tick()
        return True

    api = SlackApi(stage.workspace.bot_token, stage.workspace.api_url)
    return Eraser(stage.bot.house.store, api, stage.workspace.bot_user, stage.clock, wait, limits)


def erase(stage: Stage, key: str, ledger: Path, *, student: bool = True, with_alerts: bool = False) -> Erasing:
    """From the wish to the end."""
    begun = begin(stage, key, student=student, with_alerts=with_alerts)
    eraser(stage).erase(begun)
    assert verbs.out_and_done(stage.bot.house.store, begun, ledger, stage.clock())
    stage.workspace.events.settle()
    return begun


def rows(store: Store) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    with store.read() as connection:
        return {
            table.name: [
                " ".join(map(str, row))
                for row in connection.execute(select(*(cast(column, Text) for column in table.columns)))
            ]
            for metadata in ALL_METADATA
            for table in metadata.sorted_tables
        }


def tables_with(store: Store, words: str) -> dict[str, int]:
    """In which tables something stands, and in how many rows; JSON's ways of writing it too."""
    forms = {words, json.dumps(words)[1:-1]}
    found = {name: sum(any(form in row for form in forms) for row in each) for name, each in rows(store).items()}
    return {name: count for name, count in found.items() if count}


def said_by_the_bot(stage: Stage) -> Iterator[str]:
    """Every message of the bot's that stands anywhere, and every home."""
    for channel in stage.workspace.channels.values():
        for message in channel.messages.values():
            if message.app:
                yield json.dumps([message.text, message.shown, list(message.blocks), list(message.files)], default=str)


def files_with(database: Path, words: str) -> list[str]:
    """Which of a SQLite database's files have these words in them, as bytes."""
    return [
        path.name for path in database.parent.glob(f"{database.name}*") if words.encode() in path.read_bytes()
    ]  # fmt: skip


def over(stage: Stage) -> None:
    """As if the school's terms were long ago."""
    with stage.bot.house.store.write() as connection:
        for term in connection.execute(select(Term.id, Term.starts, Term.ends)).all():
            past = {"starts": term.starts.replace(year=2020), "ends": term.ends.replace(year=2020)}
            connection.execute(update(Term).where(Term.id == term.id).values(**past))
        assert connection.scalar(select(School.keep_days)) == 90
