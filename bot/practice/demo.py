"""The demo: one student from hello to the agenda in the channel, with the real bot in a practice workspace."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from bot.errors import CoachError
from bot.practice import outcome
from bot.practice.conversation import A_MOMENT, Conversation
from bot.practice.looks import show_look
from bot.practice.outcome import Agenda
from bot.practice.page import Page
from bot.practice.refusal import PracticeError
from bot.practice.script import Scene, Script, ScriptError, Step, read_script
from bot.practice.stage import Stage, stage
from bot.store.migrate import migrate
from bot.store.models import School
from bot.store.session import Store


class DemoError(CoachError):
    """The agenda did not arrive."""


def demo(script: Path | None = None, page: Page | None = None) -> None:
    """Play a script, the packaged one if None is given, and show what everybody sees in the end.

    ScriptError where it and the coach do not go together; DemoError if the agenda is not in the channel.
    """
    play = read_script(script) if script else packaged()
    with on_stage(play.away, play.guests) as here:
        perform(here, play, page or Page())


def packaged() -> Script:
    """The script that ships with the project."""
    with as_file(files("bot.practice") / "demo.toml") as path:
        return read_script(path)


@contextmanager
def on_stage(away: Collection[str] = (), guests: Collection[str] = ()) -> Iterator[Stage]:
    """The sample school with the bot in it, on a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/coach.db"
        store = Store(url)
        migrate(store)
        store.close()
        with stage(url, away=away) as here:
            for guest in guests:
                here.people[guest].guest = True
            yield here


def perform(here: Stage, script: Script, page: Page) -> Agenda:
    """Play a script on a stage that is set; the agenda that came of it. DemoError if none did."""
    talk = Conversation(here, page, script.student, zone(here))
    head(here, page, talk)
    for number, scene in enumerate(script.scene):
        _scene(here, page, talk, scene, first=number == 0)
    page.heading(f"{talk.today}: what each of them sees")
    arrived = outcome.agenda(here, talk.person)
    for look in script.view:
        show_look(here, page, look, arrived)
    summary(here, page, talk, arrived)
    if arrived is None:
        raise DemoError("The agenda did not arrive in the conference's channel. The conversation above shows why.")
    return arrived


def zone(here: Stage) -> ZoneInfo:
    """The school's own time zone."""
    with here.bot.house.store.read() as connection:
        return ZoneInfo(connection.scalar(select(School.time_zone)) or "UTC")


def head(here: Stage, page: Page, talk: Conversation) -> None:
    """What this is, before it begins."""
    page.title(
        "Conference Coach",
        f"{talk.person.name} prepares a conference of her own. The school is invented.",
        "The bot is real; its Slack is a stand-in on this machine.",
    )


def summary(here: Stage, page: Page, talk: Conversation, arrived: Agenda | None, *, due: bool = True) -> None:
    """What was stored and sent, and where the agenda stands. `due`: it ought to have arrived."""
    kept, said = outcome.stored(here, talk.person), outcome.sent(here)
    once = "each exactly once" if not said.doubled else f"{said.doubled} of them more than once"
    left = "nothing waits" if not said.waiting else f"{said.waiting} still wait"
    page.heading("What came of it")
    versions = f"{_many(kept.answers, 'answer')} ({_many(kept.revisions, 'version')})"
    page.outcome(True, "Stored", f"{versions}, {_approved(kept.approvals)}")
    page.outcome(not said.doubled and not said.waiting, "Sent", f"{_many(said.messages, 'message')}, {once}; {left}")
    page.outcome((arrived is not None) or (False if due else None), "Agenda", _stands(arrived))


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _approved(times: int) -> str:
    return {0: "not approved yet", 1: "approved once"}.get(times, f"approved {times} times")


def _stands(arrived: Agenda | None) -> str:
    if arrived is None:
        return "not in the channel yet"
    pinned = "pinned in" if arrived.pinned else "in"
    return f"{arrived.lines} lines, {pinned} #{arrived.channel.name}, where {len(arrived.readers)} people read it"


def _scene(here: Stage, page: Page, talk: Conversation, scene: Scene, first: bool) -> None:
    title = here.bot.house.words.flow("en", scene.flow).title if scene.flow else scene.title
    if scene.title:
        page.heading(scene.title, talk.today)
    if first:
        talk.begin()
    if scene.flow and f"{title} · " not in talk.last:
        raise ScriptError(
            f"The script is at “{title}”, but the coach has not asked anything of it. It said:\n{talk.last}"
        )
    for student, words in scene.meanwhile.items():
        _meanwhile(here, student, words)
    for number, step in enumerate(scene.steps, 1):
        try:
            _step(talk, step)
        except (ScriptError, PracticeError) as error:
            raise ScriptError(f"{title}, step {number}: {error}") from error


def _step(talk: Conversation, step: Step) -> None:
    if step.waits:
        talk.wait(step.waits)
    elif step.taps:
        talk.tap(step.taps, step.note)
    elif step.edits:
        talk.edit(step.edits, step.to, step.note)
    elif step.line:
        talk.decide(talk.line(step.line), step.to, step.note)
    else:
        talk.say(step.says, step.sends, step.note)


def _meanwhile(here: Stage, student: str, words: Collection[str]) -> None:
    """Another student taps and types, unseen."""
    person = here.people[student]
    person.open_home("messages")
    here.wait(seconds=A_MOMENT)
    for one in words:
        buttons = person.sees()[-1].buttons
        if one in buttons:
            person.tap(one)
        else:
            person.dm(one)
        here.wait(seconds=A_MOMENT)
