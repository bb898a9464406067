"""What one turn says to the student, in its order; where the turn goes is decided in `turn` and `course`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from bot.conference.answers import Spot as Place
from bot.dialogue.events import Ask, Command, Note
from bot.dialogue.flow import Band
from bot.dialogue.state import Spot
from bot.services import safeguarding
from bot.services.afterwards import thanks
from bot.services.house import House
from bot.services.roster.school import day_in
from bot.services.speech import Button, Kind, Saying, Voice
from bot.services.talk import greeting, recurring, review
from bot.services.talk.gathered import EVIDENCE, GOALS, PIECE, Piece
from bot.services.talk.scene import Scene
from bot.taps import Ref, Tap
from bot.words import APPROVE, LEVELS
from scheduler.outbox import Draft

FINAL = Spot("final")
"""The question of the flow `approve` under which the review stands."""


class Teller:
    """Gathers what is said in a turn. Each word goes by the scene as it is at that moment."""

    def __init__(self, house: House, connection: Connection, voice: Voice) -> None:
        self.house = house
        self.connection = connection
        self.voice = voice
        self.drafts: list[Draft] = []
        self.asked: Draft | None = None  # the question that is open after the turn

    def say(self, saying: Saying) -> None:
        """A message of a template."""
        self.drafts.append(self.voice.say(saying, len(self.drafts)))

    def anew(self, saying: Saying, ts: str) -> None:
        """A message of ours that stands at `ts`, said anew in its place."""
        payload = {**saying.payload(self.voice.language), "ts": ts}
        self.drafts.append(self.voice.draft(Kind.UPDATE, payload, len(self.drafts)))

    def note(self, scene: Scene, note: Note) -> None:
        """A fixed sentence."""
        self.say(Saying(note.value, {"student": scene.student}))

    def ask(self, scene: Scene, ask: Ask, after: str, pieces: Sequence[Piece] = ()) -> None:
        """The open question, or a probe about it; `after`: the flow that just ended, whose closing words open it;
        `pieces`: work of the quarter that can be tapped as the answer."""
        about: dict[str, Any] = dict(scene.about, after=after)
        if pieces:
            about["pieces"] = [[str(piece.id), piece.title, piece.day] for piece in pieces]
        self.asked = self.voice.ask(scene.conversation, scene.flow, ask, about, len(self.drafts))
        self.drafts.append(self.asked)

    def agenda(self, scene: Scene, changed: Collection[Place] | None = None) -> None:
        """Every line of the agenda, to be looked through; given what `changed`, only the parts it stands in."""
        for saying in self._sections(scene, changed):
            self.say(saying)

    def _sections(self, scene: Scene, changed: Collection[Place] | None) -> list[Saying]:
        if changed is None:
            return review.sections(self.house, self.connection, scene)
        again = (review.section_again(self.house, self.connection, scene, place) for place in changed)
        return [saying for saying in again if saying is not None]

    def preview(self, scene: Scene) -> None:
        """The agenda as it would be posted now."""
        for saying in review.preview(self.house, self.connection, scene):
            self.say(saying)

    def menu(self, scene: Scene) -> None:
        """All parts, with a button into each."""
        self.say(greeting.menu(self.house, self.connection, scene))

    def cards(self, scene: Scene, *, lead: bool = False) -> None:
        """The way to the cards, which are no flow: the question that is open stays open. The menu, where there are
        none."""
        from bot.services.script import scripting

        offer = scripting.led if lead else scripting.offered
        offered = offer(self.house, self.connection, scene, self.voice.now)
        if offered is None:
            self.menu(scene)
        else:
            self.say(offered)

    def promises(self, scene: Scene) -> None:
        """What was agreed, and the button to add to it."""
        from bot.services.afterwards import committing

        about = (scene.workspace, scene.conference, scene.language)
        self.say(committing.list_of(self.house, self.connection, *about))

    def what_is_this(self, scene: Scene) -> None:
        """What the bot is."""
        self.say(greeting.what_is_this(self.connection, scene))

    def paused(self, scene: Scene) -> None:
        """The student stops for today."""
        self.say(Saying("paused", {"student": scene.student}, _go_on(scene)))

    def help(self, scene: Scene, spot: Spot | None) -> None:
        """What can be typed, and what helps with the question at `spot`."""
        self.say(Saying("help", {**self._hints(scene, spot), "advisor": scene.advisor}))

    def _hints(self, scene: Scene, spot: Spot | None) -> dict[str, str]:
        hints = {"hint": "", "example": "", "starter": ""}
        flow = self.house.words.flow(scene.language, scene.flow, scene.level) if spot is not None else None
        if spot is None or flow is None or all(question.id != spot.question for question in flow.questions):
            return hints
        question = flow.question(spot.question)
        about = {**scene.about, "round": spot.round, "goal": "", "last": ""}
        texts = {name: getattr(question, name).get(scene.band, "") for name in hints}
        catalog = self.house.words.catalog
        return {name: catalog.fill(scene.language, text, about) if text else "" for name, text in texts.items()}

    def kept(self, scene: Scene, following: str | None) -> None:
        """A flow of the quarter is over: what was done in it; the student may stop here, or go on with `following`."""
        flow, replies = self.house.words.flow(scene.language, scene.flow), scene.state.replies
        piece = replies.get(Spot(PIECE).key())
        works = [work for part in piece.standing() for work in part.works] if piece is not None else []
        counting = [piece] if scene.flow == EVIDENCE else replies.values()
        closing, about = flow.closing.get(Band(scene.band), ""), {**scene.about, "round": 1, "goal": "", "last": ""}
        coming = following if scene.day is not None and scene.day >= day_in(scene.time_zone, self.voice.now) else None
        context = {
            "student": scene.student,
            "done": any(reply is not None and reply.answered for reply in counting),
            "title": works[0].title if works else "",
            "closing": self.house.words.catalog.fill(scene.language, closing, about) if closing else "",
            "next_title": self.house.words.flow(scene.language, coming).title if coming else "",
        }
        start = Button(Tap.ANSWER, "go_on", Ref(scene.conversation, "", 0, f"cmd:{Command.START}").text())
        self.say(Saying("kept", context, {"actions": [[start]]} if coming else {}))
        if scene.flow == recurring.REFLECTION:
            self._thanks(scene)

    def _thanks(self, scene: Scene) -> None:
        """The student's thank-you may go: asked here where it was not asked with the reminder to reflect."""
        own, workspace = not scene.thread, scene.workspace
        self.drafts += thanks.asked(self.house, self.connection, workspace, scene.conference, self.voice, own=own)

    def no_goals(self, scene: Scene) -> None:
        """There is nothing to check on yet; where goals can be set, the way there."""
        title = self.house.words.flow(scene.language, GOALS).title
        there = bool(scene.conference) and GOALS in LEVELS[scene.level]
        button = Button(Tap.OPEN, f"={title}", Ref(scene.conversation, GOALS, 0, "open").text(), "primary")
        context = {"student": scene.student, "goals": title if there else ""}
        self.say(Saying("no_goals", context, {"actions": [[button]]} if there else {}))

    def approval_needed(self, scene: Scene) -> None:
        """The agenda says something now that was not approved."""
        self.say(Saying("approval_needed", {"student": scene.student}, _look(scene)))

    def not_yet(self, scene: Scene) -> None:
        """The student looked at the agenda and does not approve it."""
        self.say(Saying("not_yet", {"student": scene.student, "approved": scene.approved != 0}, _look(scene)))

    def a_person_reads_it(self, scene: Scene, level: str, *, first: bool) -> None:
        """The fixed words where the safety screen matched."""
        saying = safeguarding.fixed_words(self.connection, scene, level, first=first)
        self.say(replace(saying, buttons=_go_on(scene)))


def _look(scene: Scene) -> Mapping[str, Sequence[Sequence[Button]]]:
    ref = Ref(scene.conversation, APPROVE, 0, "open")
    return {"actions": [[Button(Tap.OPEN, "review", ref.text(), "primary")]]}


def _go_on(scene: Scene) -> Mapping[str, Sequence[Sequence[Button]]]:
    ref = Ref(scene.conversation, scene.flow, scene.state.prompt, f"cmd:{Command.NEXT}")
    return {"actions": [[Button(Tap.ANSWER, "go_on", ref.text(), "primary")]]}
