"""What somebody wants to know of a student: how far they are, or something of their conference.

The student is named, or it is their conference's channel, or they are the only one; else one is to be chosen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.conference.access import Role
from bot.services.advising import glance
from bot.services.audit import trail
from bot.services.channels import channel
from bot.services.command import meetings, mentions, showing
from bot.services.command.mentions import Pupil
from bot.services.command.reader import Reader
from bot.services.forms import Window
from bot.services.speech import Saying
from bot.services.talk.scene import first_name
from bot.store.session import AnyRow

NAMES = 5
"""Students named where several may be meant."""

_HELD = ("commit", "commitments")
"""What is asked of the conference that was, rather than of the one to come."""


@dataclass(frozen=True)
class Inquiry:
    """Of whoever asks; `in_channel` is where, "" outside of Slack's channels."""

    reader: Reader
    in_channel: str

    def names_one(self, typed: str) -> bool:
        """Whether this is the name of one student they may ask about, and not their own."""
        return self.reader.who.role is not Role.STUDENT and len(mentions.meant(typed, self._pupils())) == 1

    def status(self, typed: str) -> Saying | None:
        """How far a student is; None where it is themselves or all of theirs they ask about."""
        among = self._pupils()
        found = mentions.meant(typed, among) if typed else self._of_channel(among)
        if len(found) == 1:
            return self._glance(found[0].id) if self.reader.who.role is not Role.STUDENT else None
        return self._which("conference", found, among, typed) if typed else None

    def conference(self, what: str, typed: str) -> Saying | Window:
        """The window with something of a conference (`showing`), or what stands in its way."""
        among = self._pupils()
        found = mentions.meant(typed, among) if typed else self._of_channel(among) or among
        if len(found) != 1:
            return self._which(what, found if typed else [], among, typed)
        rows = self._conferences(what, found)
        window = showing.window(self.reader, what, rows[0].id) if rows else None
        if window is not None and found[0].id != self.reader.who.id:
            self._saw(what, found[0].id, f"conference:{rows[0].id}")
        return window or Saying("nothing_to_show", {"student": first_name(found[0].name)})

    def _glance(self, student: int) -> Saying:
        self._saw("progress", student)
        return glance.of(self.reader, student)

    def _saw(self, kind: str, student: int, thing: str = "") -> None:
        """Into the audit trail; a command is answered in a transaction that writes."""
        one, act = self.reader, trail.Act.SAW
        who = trail.person(one.person.id)
        trail.note(one.connection, one.person.workspace, one.now, who, act, kind, thing, student)

    def _which(self, what: str, found: Sequence[Pupil], among: Sequence[Pupil], typed: str) -> Saying:
        """Several students may be meant, or none of theirs: they choose. A whole school is no choice."""
        if self.reader.who.role is Role.STUDENT:
            return Saying("only_your_own", {"student": first_name(self.reader.person.name)})
        offered = found or (among if self.reader.who.role is not Role.COORDINATOR else ())
        rows = self._conferences(what, offered)
        context = {"students": [one.name for one in found][:NAMES], "typed": bool(typed), "any": bool(rows)}
        return Saying("which_student", context, {"actions": meetings.menu(rows, what)} if rows else {})

    def _conferences(self, what: str, of: Sequence[Pupil]) -> list[AnyRow]:
        """The conference of each that is meant; in its channel that one."""
        here, students = self._here(), [one.id for one in of]
        if here is not None and students == [here.student_id]:
            return [here]
        found = meetings.current(self.reader, students, held=what in _HELD)
        return [found[student] for student in students if student in found]

    def _pupils(self) -> list[Pupil]:
        return mentions.pupils(self.reader)

    def _of_channel(self, among: Sequence[Pupil]) -> list[Pupil]:
        here = self._here()
        return [one for one in among if here is not None and one.id == here.student_id]

    def _here(self) -> AnyRow | None:
        """The conference in whose channel they ask."""
        if not self.in_channel:
            return None
        known = channel.of_channel(self.reader.connection, self.reader.person.workspace, self.in_channel)
        return meetings.one(self.reader, known) if known is not None else None
