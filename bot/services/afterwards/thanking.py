"""A student has their thank-you delivered, in their own words, to those they choose; or says it themselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from bot.services import notes
from bot.services.afterwards import thanks
from bot.services.afterwards.thanks import MYSELF, SEND, Offer
from bot.services.channels import standing
from bot.services.forms import Entries, Field, Taken, Window
from bot.services.house import House
from bot.services.nudges.days import calendar_of
from bot.services.speech import Kind, Saying, Voice
from bot.services.talk.greeting import person_in_slack, voice_for
from bot.services.talk.hearing import first_time
from bot.services.talk.scene import first_name
from bot.store.models import Conference, Person
from bot.store.session import AnyRow
from bot.taps import Form
from scheduler.calendar import Audience
from scheduler.outbox import Delivery, Draft
from scheduler.walltime import zone_of

LONGEST = 2000
"""Characters of a thank-you."""


def tapped(house: House, workspace: str, key: str, slack_id: str, channel: str, value: str, ts: str) -> list[Delivery]:
    """A button under the question whether it is to go: "<conference>:send" or "<conference>:self". The message says
    what became of it; where that was decided before, what was. From anybody else, nothing."""
    number, _, choice = value.partition(":")
    conference, now = int(number), house.clock()
    with house.store.write() as connection:
        person = person_in_slack(connection, workspace, slack_id)
        standing.lock(connection, workspace, conference)  # one decision at a time
        if person is None or not _owns(connection, person, conference):
            return []
        if not first_time(connection, workspace, (key,), now):
            return []
        offer = thanks.offer_of(house, connection, workspace, conference)
        voice = voice_for(person, channel, f"thanks:{key}", now)
        if offer is None or (choice == SEND and not offer.to):
            saying, drafts = _before(connection, person, conference), list[Draft]()
        else:
            to = offer.to if choice == SEND else ()
            saying, drafts = _decide(connection, offer, person, choice, to, offer.words, now)
        anew = voice.draft(Kind.UPDATE, {**saying.payload(person.language), "ts": ts})
        return house.outbox.put(connection, [anew, *drafts], now, claim=True)


class ThanksForm:
    """Knows the form `thanks`: to whom, and in which words; it is about "<conference>"."""

    def open(self, house: House, connection: Connection, person: AnyRow, about: str) -> Window | None:
        """For the student, while nothing was decided; else what was."""
        conference = int(about) if about.isdecimal() else 0
        if not _owns(connection, person, conference):
            return None
        offer = thanks.offer_of(house, connection, person.workspace, conference)
        if offer is None:
            said = _before(connection, person, conference)
            return Window(Form.THANKS, about, "thanks_title", person.language, saying=said)
        fields = (
            Field("to", "thanks_to", initial=" ".join(str(one.id) for one in offer.to), several=True,
                  options=tuple((str(one.id), f"={one.name}") for one in offer.adults)),
            Field("words", "thanks_words", initial=offer.words),
        )  # fmt: skip
        return Window(Form.THANKS, about, "thanks_title", person.language, fields, submit="thanks_send")

    def take(
        self, house: House, connection: Connection, person: AnyRow, about: str, entries: Entries, key: str
    ) -> Taken | None:
        """Send it to those who were chosen."""
        conference = int(about) if about.isdecimal() else 0
        standing.lock(connection, person.workspace, conference)
        offer = thanks.offer_of(house, connection, person.workspace, conference)
        if not _owns(connection, person, conference) or offer is None:
            return None
        entered, chosen = entries.get("words", ""), entries.get("to", ())
        words = entered.strip() if isinstance(entered, str) else ""
        flagged = notes.screened(house, connection, offer.conference, offer.student, Form.THANKS, key, words)
        if flagged:
            return flagged
        to = [one for one in offer.adults if str(one.id) in chosen]
        errors = {"to": "" if to else "thanks_nobody", "words": _wrong(words)}
        if any(errors.values()):
            return Taken(errors={field: error for field, error in errors.items() if error})
        now = house.clock()
        saying, drafts = _decide(connection, offer, person, SEND, to, words, now)
        return Taken(drafts, then=Window(Form.THANKS, about, "thanks_title", person.language, saying=saying))


def _wrong(words: str) -> str:
    return "needed" if not words else "thanks_long" if len(words) > LONGEST else ""


def _owns(connection: Connection, person: AnyRow, conference: int) -> bool:
    """Whether the thank-you is this person's to send: the student's; their advisor's, beside a student who has no
    account."""
    row = connection.execute(
        select(Person.id, Person.slack_id, Person.advisor_id)
        .join(Conference, Conference.student_id == Person.id)
        .where(Conference.workspace == person.workspace, Conference.id == conference, Person.active.is_(True))
    ).one_or_none()
    return row is not None and (row.id == person.id or (not row.slack_id and row.advisor_id == person.id))


def _decide(
    connection: Connection, offer: Offer, person: AnyRow, choice: str, to: Sequence[AnyRow], words: str, now: datetime
) -> tuple[Saying, list[Draft]]:
    """Keep what was decided, and what follows from it: a message to each, and to the advisor for those not on Slack.

    Back comes what `person` is told, who decided it.
    """
    conference = offer.conference
    thanks.keep(connection, offer, SEND if choice == SEND else MYSELF, to, words, now)
    others = [one for one in to if not thanks.reached(one)]
    drafts = [_give(connection, offer, one, words, now) for one in to if thanks.reached(one)]
    saying = _said(person, conference, choice, [one.name for one in to], [one.name for one in others], offer)
    return saying, [*drafts, *_hand_on(connection, offer, others, words, now)]


def _said(
    person: AnyRow, conference: AnyRow, choice: str, to: Collection[str], handed: Collection[str] = (),
    offer: Offer | None = None,
) -> Saying:  # fmt: skip
    """What became of it; `handed`: those to whom the advisor hands it on; `offer`: what may still go."""
    own = person.id == conference.student_id
    context = {
        "own": own, "student": first_name(conference.student), "sent": choice == SEND, "to": list(to),
        "handed": list(handed),
    }  # fmt: skip
    after_all = [] if offer is None or choice == SEND else [thanks.after_all_button(offer)]
    return Saying("thanks_done", context, {"actions": [after_all]})


def _before(connection: Connection, person: AnyRow, conference: int) -> Saying:
    """What was decided before."""
    known = thanks.decided(connection, person.workspace, conference)
    about = notes.conference_of(connection, person.workspace, conference)
    if known is None or about is None:
        return Saying("thanks_gone")
    return _said(person, about, known.choice, known.title.split(", ") if known.title else ())


def _give(connection: Connection, offer: Offer, adult: AnyRow, words: str, now: datetime) -> Draft:
    """The student's words to one adult, in their waking hours."""
    context = {"student": first_name(offer.student.name), "words": words}
    key = f"thanks:{offer.conference.id}:{adult.id}"
    due = _awake(connection, adult, now)
    return _of(offer, voice_for(adult, None, key, due)).say(Saying("thanks_given", context))


def _of(offer: Offer, voice: Voice) -> Voice:
    """What is said are the student's words: with the student's, they are forgotten."""
    return replace(voice, subject=f"person:{offer.student.id}")


def _hand_on(connection: Connection, offer: Offer, others: Sequence[AnyRow], words: str, now: datetime) -> list[Draft]:
    """The advisor is asked to hand it on to those who are not on Slack."""
    advisor = connection.execute(
        select(*Person.__table__.c).where(
            Person.workspace == offer.student.workspace, Person.id == offer.conference.advisor_id,
            Person.slack_id.is_not(None), Person.active.is_(True),
        )
    ).one_or_none()  # fmt: skip
    if advisor is None or not others:
        return []
    context = {
        "student": first_name(offer.student.name), "to": [one.name for one in others], "words": words,
    }  # fmt: skip
    voice = voice_for(advisor, None, f"thanks:{offer.conference.id}:handed", _awake(connection, advisor, now))
    return [_of(offer, voice).say(Saying("thanks_hand_on", context))]


def _awake(connection: Connection, reader: AnyRow, now: datetime) -> datetime:
    calendar = calendar_of(connection, reader.workspace)
    audience = Audience.STUDENTS if reader.role == "family" else Audience.STAFF
    return calendar.from_now(now, zone_of(reader.time_zone or "", calendar.zone), audience) or now
