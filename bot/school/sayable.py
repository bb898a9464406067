"""Whether each nudge of a school's own cadence can be said to those it is for, and reaches them: told at load, where
it would else come to light weeks later, or never."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from bot.school.cadence import CADENCE
from prompts import Catalog, PromptsError
from scheduler.cadence import About, From, Nudge, Receiver, parse_cadence

DIGESTS = {
    "digest_advisor": (Receiver.ADVISOR, About.GROUP),
    "digest_before": (Receiver.ADVISOR, About.GROUP),
    "digest_coordinator": (Receiver.COORDINATOR, About.SCHOOL),
}
"""Messages with a content of their own: to whom, and about what."""

ABOUT_A_CONFERENCE = {
    "agenda": (Receiver.CHANNEL,),
    "family_welcome": (Receiver.CHANNEL, Receiver.FAMILY),
    "ideas": (Receiver.ADULTS, Receiver.FAMILY),
    "commitments_due": (Receiver.STUDENT, Receiver.ADULTS, Receiver.FAMILY),
}
"""Others, which need a conference: to whom."""

REACHED = {
    About.STUDENT: (Receiver.STUDENT, Receiver.FAMILY, Receiver.ADULTS, Receiver.ADVISOR, Receiver.CHANNEL),
    About.GROUP: (Receiver.ADVISOR,),
    About.SCHOOL: (Receiver.COORDINATOR,),
}
"""Who is written to about what."""

REMINDER = "reminder"
"""The message that knows whether its reader comes."""

_OTHERS = {REMINDER: "reminder_adult"}
"""Messages that have another name for whoever is not the student."""

_STUDENT = {"student": "Noor", "advisor": "Ms. Okafor", "met": False}
_MEETING = {
    "begins": "2026-12-10T17:30:00-05:00", "date": "2026-12-10", "time": "17:30", "place": "room 12", "minutes": 20,
    "days": 14, "channel": "conference-noor",
}  # fmt: skip
_NO_MEETING = {"begins": "", "date": "", "time": "", "place": "", "minutes": 0, "days": 0, "channel": ""}


def unsayable(text: str, catalog: Catalog) -> Iterator[str]:
    """What of a cadence that was checked could only fail when it is due: a line for each, with its remedy."""
    own = tomllib.loads(text).get("nudge", {})
    for nudge in parse_cadence((f"./{CADENCE}", text)).nudges:
        if nudge.name in own and all(nudge.message in catalog.messages(each) for each in catalog.languages):
            yield from (f"{CADENCE}, nudge.{nudge.name}.{fault}" for fault in _faults(nudge, catalog))


def _faults(nudge: Nudge, catalog: Catalog) -> Iterator[str]:
    for receiver in nudge.to:
        if receiver not in REACHED[nudge.about]:
            remedy = f"Write {' or '.join(REACHED[nudge.about])}, or leave about out."
            if nudge.about is About.STUDENT:
                remedy = f'Write {", ".join(REACHED[nudge.about])}, or about = "school" with a message for it.'
            yield f"to: Nobody is a {receiver} of what is about a {nudge.about}: it would never go. {remedy}"
        else:
            yield from _unfit(nudge, receiver, catalog)
    if nudge.about is About.SCHOOL and nudge.anchor is From.CONFERENCE:
        yield "anchor: The school as a whole has no conference: it would never go. Write weekly or term."


def _unfit(nudge: Nudge, receiver: Receiver, catalog: Catalog) -> Iterator[str]:
    if nudge.message in DIGESTS:
        if (receiver, nudge.about) != DIGESTS[nudge.message]:
            to, about = DIGESTS[nudge.message]
            yield f'message: “{nudge.message}” goes only to = "{to}" with about = "{about}". Write these two with it.'
        return
    if receiver is Receiver.CHANNEL and nudge.anchor is not From.CONFERENCE:
        yield "anchor: Only a conference has a channel: it would never go. Write conference, or take channel out of to."
        return
    if receiver in ABOUT_A_CONFERENCE.get(nudge.message, ()) and nudge.anchor is From.CONFERENCE:
        return
    name = _name(nudge, receiver)
    if faults := {
        fault: None for language in catalog.languages for fault in _failing(nudge, receiver, name, language, catalog)
    }:
        remedy = f"Name a message for the {receiver}, or take {receiver} out of to."
        yield f"message: “{nudge.message}” cannot be said to the {receiver}: {'; '.join(faults)}. {remedy}"


def _name(nudge: Nudge, receiver: Receiver) -> str:
    if receiver is Receiver.CHANNEL:
        return f"{nudge.message}_channel"
    return nudge.message if receiver is Receiver.STUDENT else _OTHERS.get(nudge.message, nudge.message)


def _failing(nudge: Nudge, receiver: Receiver, name: str, language: str, catalog: Catalog) -> Iterator[str]:
    """Why a message cannot be said in a language: there is none, or it asks for what a nudge does not know."""
    if name not in catalog.messages(language):
        yield f"there is no message “{name}” in every language"
        return
    for context in _contexts(nudge, receiver):
        if more := sorted(catalog.names_used(language, name) - context.keys()):
            yield f"it needs {', '.join(more)}, which a nudge does not know"
            return
        try:
            catalog.render(language, name, context)
        except PromptsError as error:
            yield str(error)
        except ValueError:
            yield f"{language}/messages/{name}.md.j2 names the date also where there is no conference"


def _contexts(nudge: Nudge, receiver: Receiver) -> Iterator[Mapping[str, Any]]:
    """What a nudge gives its message, in the cases that differ."""
    who: dict[str, Any] = {"name": "Amal Haddad", "role": receiver.value}
    if receiver is Receiver.CHANNEL:
        who = {"joining": []}
    elif nudge.message == REMINDER:
        who |= {"coming": "yes", "mode": "", "interpreter": "", "alone": False}
    if nudge.about is not About.STUDENT:
        yield who
        return
    again = {"again": False} if receiver is Receiver.STUDENT else {}
    yield {**_STUDENT, **_MEETING, **who, **again}
    yield {**_STUDENT, **_MEETING, **who, "met": True, **dict.fromkeys(again, True)}
    if nudge.anchor is not From.CONFERENCE:
        yield {**_STUDENT, **_NO_MEETING, **who, **again}
