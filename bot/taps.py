"""What can be tapped, as a closed set, and what a button carries."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Tap(StrEnum):
    """The action behind a button or menu. In Slack the action id is this and a number: `answer.3`."""

    ANSWER = "answer"  # an option, a command or a starter of the open question
    CHOICES = "choices"  # the boxes of a question with several answers; they only count with "done"
    OPEN = "open"  # a flow of the menu
    VISIBLE = "visible"  # who sees an item of the agenda
    CHANGE = "change"  # say it differently
    SNOOZE = "snooze"  # a nudge: later, or no more of them
    REMIND = "remind"  # an advisor has a student nudged now
    BESIDE = "beside"  # an advisor sits beside a student
    LOOK = "look"  # an advisor opens a student's way so far
    FORM = "form"  # opens a window to fill in: which form, and what it is about
    DECIDE = "decide"  # a student says what becomes of what an adult gave: its note and a Choice
    PRACTICE = "practice"  # script, rehearsal and lead mode
    ATTEND = "attend"  # whether somebody comes to a conference
    COMMITMENT = "commitment"  # how far a commitment is
    THANKS = "thanks"  # a student has their thank-you delivered, or says it themselves
    SHOW = "show"  # opens a window with something of a conference: what, and which
    PACKET = "packet"  # makes the packet
    LANGUAGE = "language"  # somebody's own choice of a language
    ALERT_OPEN = "alert_open"
    ALERT_TAKE = "alert_take"
    ALERT_HAND = "alert_hand"  # a menu: which other counselor is to have it


class Form(StrEnum):
    """What can be filled in, in a window of its own. Each has its handler in bot/services/forms.py."""

    IDEA = "idea"  # an adult's reply to an ask
    PRIDE = "pride"  # a note of pride for the student
    WORK = "work"  # a piece of work an adult chose
    HOLD = "hold"  # an advisor keeps something off the agenda, with a reason
    RSVP = "rsvp"  # whether and how somebody comes
    COMMIT = "commit"  # who does what by when
    SAW = "saw"  # what an adult saw at the conference
    THANKS = "thanks"  # to whom a student's thank-you goes, and in which words
    CUE = "cue"  # a card of the script, in other words
    PAUSED = "paused"  # where a student paused in a rehearsal


class Choice(StrEnum):
    """What a student does with what an adult gave; only what is kept stands on the agenda."""

    KEEP = "keep"
    MAYBE = "maybe"
    NO = "no"


class Ref(NamedTuple):
    """What a button of a conversation carries: which conversation, flow and prompt it was made for, and the choice."""

    conversation: int
    flow: str
    prompt: int
    choice: str

    def text(self) -> str:
        """As the value of a button."""
        return f"{self.conversation}:{self.flow}:{self.prompt}:{self.choice}"

    @classmethod
    def parse(cls, value: str) -> Ref:
        """From the value of a button; ValueError where it is none of ours."""
        conversation, flow, prompt, choice = value.split(":", 3)
        return cls(int(conversation), flow, int(prompt), choice)


class Step(NamedTuple):
    """What a button of a rehearsal or of the meeting carries: the conference's or the run's id, what to do, and at
    which card, or the number that was chosen."""

    about: int
    act: str
    number: int = 0

    def text(self) -> str:
        """As the value of a button."""
        return f"{self.about}:{self.act}:{self.number}"

    @classmethod
    def parse(cls, value: str) -> Step:
        """From the value of a button; ValueError where it is none of ours."""
        about, act, number = value.split(":")
        return cls(int(about), act, int(number))
