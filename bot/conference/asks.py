"""What a student asks of the adults before the conference: where they said "yes, ask them"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bot.conference.agenda import Settings, kept_off, still_asked
from bot.conference.answers import NOTHING_SET, OFF_UNTIL_SAID, Given, Setting, Spot, visibility
from bot.conference.thanks import said_any
from bot.dialogue.flow import Flow, Visibility

ASKS = (("struggles", "ideas_on"), ("supports", "ideas_on"))
"""The questions whose answers are asks."""

READ = (
    *ASKS, ("struggles", "want_ideas"), ("supports", "ideas"), ("supports", "who"), ("supports", "how"),
    ("goals", "wish"),
)  # fmt: skip
"""All that has to be read to know them: what they depend on, and what is told with them."""

_WORD = re.compile(r"\w+")
_LONG_ENOUGH = 3
"""Letters from which a part of a name is one: not an initial."""
_TITLES = frozenset(
    {"miss", "mrs", "coach", "doctor", "prof", "profe", "maestra", "maestro", "senor", "senora", "srta"}
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One ask, in the student's words, and who may see it as the student chose. `goal`, `who` and `how` ("You could
    help me by …") go with asks about a goal, as far as everyone may see them; else they are "". `named`: it is meant
    for the adult who looks at it."""

    flow: str
    round: int
    words: str
    visible: Visibility
    goal: str = ""
    who: str = ""
    how: str = ""
    named: bool = False

    @property
    def about(self) -> str:
        """Where it stands, as a button carries it."""
        return f"{self.flow}:{self.round}"


@dataclass(frozen=True, slots=True)
class Kin:
    """How a student speaks of their family without a name: words for one of the adults ("mom"), words for all of them
    ("parents"); `alone`: there is only one adult whom the first can mean."""

    one: frozenset[str]
    every: frozenset[str]
    alone: bool


def asks(given: Mapping[Spot, Given], settings: Settings, flows: Mapping[str, Flow]) -> Iterator[Ask]:
    """The asks that stand, by flow and round: nothing flagged, held back, kept off, or not asked any more."""
    for spot in sorted(given):
        answer, setting = given[spot], settings.get(spot, NOTHING_SET)
        if (spot.flow, spot.question) not in ASKS or not answer.text or answer.alarm or setting.held_reason:
            continue
        flow = flows[spot.flow]
        if still_asked(spot, flow, given) and not kept_off(spot, flow, given, settings):
            visible = visibility(flow.question(spot.question), setting)
            if visible is Visibility.CONFERENCE and _waits(setting):
                visible = Visibility.ADVISOR
            ask = Ask(spot.flow, spot.round, answer.text, visible)
            yield _with_its_goal(ask, given, settings, flows) if spot.flow == "supports" else ask


def names(who: str, adult: str, student: str) -> bool:
    """Whether "who could help" names this adult: by a part of their name that is not the student's own as well."""
    parts = {word for word in _words(adult) if len(word) >= _LONG_ENOUGH} - _TITLES - set(_words(student))
    return not parts.isdisjoint(_words(who))


def theirs_first(found: Iterable[Ask], adult: str, student: str, kin: Kin | None = None) -> list[Ask]:
    """The asks with those that name this adult at the top. "How" is said to whoever is named.

    kin: for an adult of the family. Where it is not plain which of them is meant, each is told "how", and for whom.
    """
    return sorted((_told(one, adult, student, kin) for one in found), key=lambda one: not one.named)


def _told(ask: Ask, adult: str, student: str, kin: Kin | None) -> Ask:
    """An ask as it is told to one adult."""
    said = _words(ask.who)
    if names(ask.who, adult, student) or (kin is not None and said_any(said, kin.every)):
        return replace(ask, named=True)
    if kin is None or not said_any(said, kin.one):
        return replace(ask, how="")
    return replace(ask, named=True) if kin.alone else replace(ask, how=f"{ask.who}: {ask.how}" if ask.how else "")


def _with_its_goal(ask: Ask, given: Mapping[Spot, Given], settings: Settings, flows: Mapping[str, Flow]) -> Ask:
    """What is told with an ask about a goal."""

    def shown(flow: str, question: str) -> str:
        return _shown(Spot(flow, question, ask.round), given, settings, flows)

    return replace(ask, goal=shown("goals", "wish"), who=shown("supports", "who"), how=shown("supports", "how"))


def _waits(setting: Setting) -> bool:
    """Whether the coach found it is not to be shown around before the student says so."""
    return setting.develop in OFF_UNTIL_SAID and setting.visible is None


def _shown(spot: Spot, given: Mapping[Spot, Given], settings: Settings, flows: Mapping[str, Flow]) -> str:
    """What is told beside an ask: only what the whole conference may see."""
    answer = given.get(spot)
    setting = settings.get(spot, NOTHING_SET)
    if answer is None or answer.alarm or setting.held_reason or _waits(setting):
        return ""
    visible = visibility(flows[spot.flow].question(spot.question), setting)
    return answer.text if visible is Visibility.CONFERENCE else ""


def _words(text: str) -> list[str]:
    """The words of a text without case and accents."""
    plain = "".join(one for one in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(one))
    return _WORD.findall(plain)
