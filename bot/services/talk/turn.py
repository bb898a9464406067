"""One turn of a student's conversation, in one transaction: what they did, and all that follows from it.

The caller has locked the conversation (`Scene`). What was said is screened first, and goes to the flow it belongs to;
`Course` takes the conversation on from there, storing each answer, and `Teller` gathers what is said on the way. At the
end that goes into the outbox and the conversation is kept as it stands now. Then the caller commits, and acks.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.dialogue.engine import PIECE
from bot.dialogue.events import Act, Command, Deleted, Do, Edited, Note, Said, Tapped
from bot.dialogue.state import Spot
from bot.services.channels import opening
from bot.services.command import vocabulary
from bot.services.house import House
from bot.services.talk import answers, approval
from bot.services.talk.course import Course
from bot.services.talk.scene import Scene, save
from bot.services.talk.telling import Teller
from bot.taps import Ref
from bot.words import LEVELS, QUARTER
from scheduler.outbox import Delivery

_ASKED_FOR = frozenset(
    {
        Command.PAUSE, Command.HELP, Command.PREVIEW, Command.MENU, Command.QUIET, Command.REMIND, Command.PRACTICE,
    }
)  # fmt: skip
"""What can be asked for by its name while no question is open."""
_ON = (Command.START, Command.NEXT)


class Turn:
    """A turn in progress. Each of its verbs is the whole of it, and gives back what is to be sent, stored and claimed;
    `told` may be given words to say before them."""

    def __init__(
        self, house: House, connection: Connection, scene: Scene, channel: str, key: str, now: datetime
    ) -> None:
        self.house = house
        self.connection = connection
        self.now = now
        self.told = Teller(house, connection, scene.voice(channel, f"turn:{key}", now))
        self.course = Course(house, connection, scene, self.told, now)

    @property
    def scene(self) -> Scene:
        """The conversation, as far as this turn has taken it."""
        return self.course.scene

    # What a student does

    def hear(self, event: Said | Edited | Deleted) -> list[Delivery]:
        """A message, an edit, a deletion."""
        if isinstance(event, Said | Edited):
            level = self.house.words.safety.screen(event.written)
            self.course.screened = level is not None
            if level is not None:  # with it is kept what it was found in
                event = replace(event, alarm=level.value, text=event.written)
        if isinstance(event, Said):
            self._say_to_flow(replace(event, asked_at=self.scene.asked_at))
        else:
            self._change_in_flow(event)
        return self._end()

    def tap(self, ref: Ref, choices: tuple[str, ...], ts: str) -> list[Delivery]:
        """A button under a question, in the menu, or in the review."""
        named = ref.choice.removeprefix("cmd:")
        if ref.choice == "open":
            self.course.open(ref.flow)
        elif ref.choice == "what_is_this":
            self.told.what_is_this(self.scene)
        elif ref.choice == opening.POST_NOW:
            self._post_now(ref.prompt)
        elif ref.flow not in ("", self.scene.flow):
            self._note(Note.ALREADY_ANSWERED)
        elif ref.choice in (f"cmd:{one}" for one in _ON):
            self.course.start_or_menu()
        elif self.scene.flow and ref.flow:
            self.course.wake()
            self.course.advance(self._tapped(ref, choices or (ref.choice,), ts))
        elif named in set(Command):
            self.course.command(Do(Command(named)))
        else:
            self._note(Note.ALREADY_ANSWERED)
        return self._end()

    def change(self, flow: str, spot: Spot) -> list[Delivery]:
        """Open one answer again, and come back to the review afterwards."""
        self.course.reopen(flow, spot)
        return self._end()

    def start(self) -> list[Delivery]:
        """Go to the open question, or to the first flow that is not done."""
        self.course.start_or_menu()
        return self._end()

    def resume(self) -> list[Delivery]:
        """Go on in another place than before. Where a person is awaited, that stands there too."""
        if self.scene.status == "held":
            level = answers.last_alarm(self.connection, self.scene) or "look"
            self.told.a_person_reads_it(self.scene, level, first=False)
        else:
            self.course.start_or_menu()
        return self._end()

    def hold(self, text: str, level: str) -> list[Delivery]:
        """Words the screen matched in a window of the student's: kept and read by a person, as if they had been typed
        here. The flow that is open waits too."""
        self.course.screened = True
        self.course.hold_all(f"{self.now.timestamp():.6f}", text, level)
        return self._end()

    def show(self, command: Command) -> list[Delivery]:
        """Menu, preview or help, asked for from elsewhere than the conversation."""
        self.course.command(Do(command))
        return self._end()

    def decided(self) -> list[Delivery]:
        """No words changed, but who sees them did."""
        self.course.kept.add(Act.WITHDRAWN)
        return self._end()

    # Where it goes

    def _tapped(self, ref: Ref, choices: tuple[str, ...], ts: str) -> Tapped:
        """With the piece of work that is meant, where one was offered."""
        kind, _, number = choices[0].partition(":")
        piece = self.course.pieces().get(number) if kind == PIECE else None
        works, text = (piece.works, piece.text) if piece is not None else ((), "")
        return Tapped(ts, ref.prompt, choices, works, text)

    def _post_now(self, conference: int) -> None:
        if not approval.post_now(self.connection, self.scene, self.told, conference, self.now):
            self._note(Note.ALREADY_ANSWERED)

    def _say_to_flow(self, said: Said) -> None:
        command = self.course.coach.control(said.text)
        if self.scene.status == "paused" and command in _ON:
            self.course.start_or_menu()
        elif self._still_on_the_last(said):
            self.course.advance_in(self.scene.came_from, said)
        elif self.scene.flow and not self.scene.state.done:
            self.course.wake()
            self.course.advance(said)
        elif said.alarm or (self.scene.status == "held" and command not in _ON):
            last = answers.last_alarm(self.connection, self.scene)
            self.course.hold_outside(said.ts, said.ts, Act.SAID, said.text, said.alarm or last or "look")
        else:
            self._outside(said)

    def _still_on_the_last(self, said: Said) -> bool:
        """Typed before this flow's first question was shown: it belongs to the flow before."""
        unseen = said.asked_at is None or float(said.ts) < float(said.asked_at)
        waiting = self.scene.status == "held" or said.alarm
        return bool(unseen and self.scene.came_from and self.scene.state.before is None and not waiting)

    def _outside(self, said: Said) -> None:
        """Typed while no question is open."""
        late = self.scene.flow and self.scene.asked_at is None and self.scene.state.before is not None
        command = self.course.coach.control(said.text)
        named = "" if command or not self.scene.conference else self._named(said.text)
        if command in _ON or (self.scene.status == "new" and self.course.coach.yes_no(said.text) is True):
            self.course.start_or_menu()
        elif command in _ASKED_FOR:
            self.course.command(Do(Command(command)))
        elif named in ("practice", "lead"):
            self.told.cards(self.scene, lead=named == "lead")
        elif named:
            self.told.promises(self.scene)
        elif (command == Command.BACK and self.scene.flow) or late:
            self.course.advance(said)
        else:
            self.course.command(Do(Command.MENU), nothing_open=True)

    def _named(self, text: str) -> str:
        """What is asked for by a word that may be an answer while a question is open: "practice", "lead", "commit",
        "commitments", as behind the command; "" where it is none."""
        catalog, language = self.house.words.catalog, self.house.words.language(self.scene.language)
        word, rest = vocabulary.parse(self.house, text)
        if vocabulary.bare(text) in catalog.label(language, "practice.also").split(", "):
            return "practice"
        return word if not rest and word in ("practice", "lead", "commit", "commitments") else ""

    def _change_in_flow(self, event: Edited | Deleted) -> None:
        """An edit goes to the flow in which the message was an answer, wherever the student is now."""
        was = answers.given(self.connection, self.scene, event.ts)
        here = was is None or (was.flow == self.scene.flow and self.scene.state.heard(event.ts))
        if self.scene.flow and here:
            self.course.advance(replace(event, asked_at=self.scene.asked_at))
        elif was is not None and not self.course.advance_in(was.flow, event):
            self._amend(was, event)
        elif was is None and isinstance(event, Edited) and event.alarm:
            self.course.hold_outside(event.ts, event.revised, Act.EDITED, event.text, event.alarm)

    def _amend(self, was: answers.Given, event: Edited | Deleted) -> None:
        """An answer of another week, or of an earlier conference: it changes where it stands, and nothing is asked."""
        words = self.house.words
        flow = words.flow(self.scene.language, was.flow) if was.flow in (*LEVELS["full"], *QUARTER) else None
        keep = answers.changed(was, flow, self.course.coach, event)
        if keep is None:
            return
        answer = answers.amend(self.connection, self.scene, was, keep, self.now)
        if keep.alarm:
            self.course.await_a_person(answer, keep.alarm, first=self.scene.status != "held")
        elif not was.withdrawn:
            self._note(Note.WITHDRAWN if keep.act is Act.WITHDRAWN else Note.EDITED)

    def _note(self, note: Note) -> None:
        self.told.note(self.scene, note)

    # Its end

    def _end(self) -> list[Delivery]:
        """Put what is to be said into the outbox, and keep the conversation with the delivery of its open question."""
        if self.scene.approved and self.course.kept:
            self.course.compare_with_approval()
        put = self.house.outbox.put(self.connection, self.told.drafts, self.now, claim=True)
        asked = self.told.asked.dedupe_key if self.told.asked is not None else None
        prompt = next((one.id for one in put if one.dedupe_key == asked), self.scene.prompt)
        save(self.connection, self.scene, self.now, prompt)
        return put
