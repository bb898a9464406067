"""A peer: the same dialogue in python-telegram-bot, a ConversationHandler with PicklePersistence, written every turn.

Its network is stubbed: what it sends is answered by what Telegram would say, without a connection.
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from telegram import Chat, Message, Update, User
from telegram.ext import (
    Application,
    ApplicationBuilder,
    CallbackContext,
    ConversationHandler,
    MessageHandler,
    PicklePersistence,
    filters,
)
from telegram.request import BaseRequest, RequestData

TOKEN = "1:of-the-bench"
QUESTION = "Thanks! I have put that down. What do you want to be able to do, or do more often? One line."
NEVER = 1e9
"""Seconds between two writes of its own: here each turn is written."""
_number = itertools.count(1)
Context = CallbackContext[Any, dict[str, str], Any, Any]
App = Application[Any, Any, Any, Any, Any, Any]


class Answered(BaseRequest):
    """Telegram, as far as it is needed."""

    read_timeout = None

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        """Who the bot is; or the message that was sent, as it stands in the chat."""
        result: Mapping[str, Any] = {"id": 1, "is_bot": True, "first_name": "Coach", "username": "coach_bot"}
        if request_data is not None and url.endswith("/sendMessage"):
            chat = {"id": request_data.parameters["chat_id"], "type": "private"}
            result = {"message_id": next(_number), "date": int(time.time()), "chat": chat, "text": QUESTION}
        return 200, json.dumps({"ok": True, "result": result}).encode()


class Class:
    """The bot, and those who write to it."""

    def __init__(self, app: App, persistence: PicklePersistence[Any, Any, Any]) -> None:
        self._app = app
        self._persistence = persistence

    async def begin(self, user: int, kept: Mapping[str, str]) -> None:
        """Somebody writes the first time; what is kept of them from before is put beside it."""
        await self._app.process_update(self._update(user, "start"))
        self._app.user_data[user].update(kept)

    async def write(self) -> None:
        """Write the file: all of it, which is its way."""
        await self._app.update_persistence()
        await self._persistence.flush()

    async def turns(self, users: Sequence[int], script: Sequence[str]) -> float:
        """Seconds a turn takes, one at a time: taken in, answered, written."""
        begun = time.perf_counter()
        for text in script:
            for user in users:
                await self._app.process_update(self._update(user, text))
                await self.write()
        return (time.perf_counter() - begun) / (len(script) * len(users))

    def _update(self, user: int, text: str) -> Update:
        number, now = next(_number), datetime.now(UTC)
        message = Message(number, now, Chat(user, "private"), from_user=User(user, "Noor", False), text=text)
        message.set_bot(self._app.bot)
        return Update(number, message=message)


@asynccontextmanager
async def at_work(path: Path, turns: int) -> AsyncIterator[Class]:
    """A bot whose dialogue has so many turns, and then begins anew; it knows what stands in the file."""
    persistence: PicklePersistence[Any, Any, Any] = PicklePersistence(path, update_interval=NEVER, on_flush=True)
    builder = ApplicationBuilder().token(TOKEN).request(Answered()).get_updates_request(Answered()).updater(None)
    app = builder.persistence(persistence).build()
    questions: list[list[Any]] = [
        [MessageHandler(filters.TEXT, partial(_asked, place, turns))] for place in range(turns)
    ]
    states: dict[object, list[Any]] = dict(enumerate(questions[1:], 1))
    app.add_handler(ConversationHandler(questions[0], states, [], name="talk", persistent=True))
    await app.initialize()
    try:
        yield Class(app, persistence)
    finally:
        await app.shutdown()


async def _asked(place: int, turns: int, update: Update, context: Context) -> int:
    """Keep the answer, ask the next question."""
    assert update.message is not None
    assert context.user_data is not None
    context.user_data[f"answer {place}"] = update.message.text or ""
    await update.message.reply_text(QUESTION)
    return place + 1 if place + 1 < turns else ConversationHandler.END
