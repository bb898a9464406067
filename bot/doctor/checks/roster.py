"""The people and their conferences: who cannot be reached, and who has none."""

from __future__ import annotations

from collections.abc import Sequence

from bot.doctor.checks.school import LOAD_AGAIN
from bot.doctor.finding import Finding, doubtful, failed, fine, listed
from bot.doctor.look import Look
from bot.doctor.roll import Row
from bot.school import Contact, Role

ROSTER, CONFERENCES, CHARTER = "roster.csv", "conferences.csv", "school.toml"
_FOUND = f"Give them in {ROSTER} the e-mail address of their full Slack account, or their slack_id, {LOAD_AGAIN}"


def counselors(look: Look) -> Finding:
    """Whether an alert reaches somebody, and somebody else if that one does not answer."""
    people = [look.roll.by_key[key] for key in look.roll.counselors if key in look.roll.by_key]
    found, lost = _in_slack(people)
    if not found:
        said = f"None of the counselors ({listed(lost)}) is found in Slack: an alert would reach nobody."
        return failed(said if people else "There is no counselor: an alert would reach nobody.", ROSTER, _FOUND)
    if lost:
        return doubtful(f"Not found in Slack: {listed(lost)}.", ROSTER, _FOUND)
    if len(found) == 1:
        remedy = f'Name a second one in {CHARTER}: counselors = ["{found[0]}", "…"], {LOAD_AGAIN}'
        return doubtful(f"{found[0]} is the only counselor: nobody is asked next.", CHARTER, remedy)
    return fine(f"Alerts go to {listed(found)}.", CHARTER)


def coordinator(look: Look) -> Finding:
    """Whether somebody hears of what the bot cannot do."""
    people = look.roll.of_role(Role.COORDINATOR)
    found, lost = _in_slack(people)
    if not people:
        remedy = f"Give somebody the role coordinator in {ROSTER}, {LOAD_AGAIN}"
        return doubtful("There is no coordinator: nobody hears of messages Slack refuses.", ROSTER, remedy)
    if not found:
        return doubtful(f"Not found in Slack: {listed(lost)}, so nobody hears of what is refused.", ROSTER, _FOUND)
    return fine(f"{listed(found)} hear{'s' if len(found) == 1 else ''} of what is refused.", ROSTER)


def advisors(look: Look) -> Finding:
    """Whether every student has an advisor who is in the roster."""
    without = [row["key"] for row in look.roll.students if row["advisor_id"] not in look.roll.people]
    if without:
        remedy = f"Write an advisor's id into their rows of {ROSTER}, {LOAD_AGAIN}"
        return doubtful(f"Without an advisor: {listed(without)}.", ROSTER, remedy)
    return fine(f"All {len(look.roll.students)} students have an advisor.", ROSTER)


def students(look: Look) -> Finding:
    """Whether every student can be coached: in Slack, or beside an advisor who is."""
    found, lost = _in_slack(look.roll.students)
    beside = {number for number, row in look.roll.people.items() if row["slack_id"]}
    out = [row["key"] for row in look.roll.students if not row["slack_id"] and row["advisor_id"] not in beside]
    if out:
        said = f"Neither they nor their advisor are found in Slack: {listed(out)}."
        return doubtful(said, ROSTER, _FOUND)
    if not found:
        return doubtful("No student is found in Slack; all are coached beside their advisor.", ROSTER, _FOUND)
    others = f"; {len(lost)} sit beside their advisor" if lost else ""
    return fine(f"{len(found)} students are found in Slack{others}.", ROSTER)


def families(look: Look) -> Finding:
    """Whether every student's family can be reached: in Slack, by e-mail, or on paper because that is wished."""
    none = [row["key"] for row in look.roll.students if not look.roll.family.get(row["id"])]
    mails = look.settings.mail is not None
    shut = [
        row["key"]
        for row in look.roll.students
        if (adults := look.roll.family.get(row["id"])) and not any(_reached(one, how, mails) for one, how in adults)
    ]
    told = [f"{len(none)} students have no family in the roster ({listed(none)})"] if none else []
    told += [f"{len(shut)} have one that is neither in Slack nor gets e-mail ({listed(shut)})"] if shut else []
    if told:
        mail = "" if mails else ", and set SMTP_URL and MAIL_FROM"
        remedy = f"Add adults and their e-mail addresses to {ROSTER}{mail}; or let advisors print and telephone."
        return doubtful(f"{'; '.join(told)}.", ROSTER, remedy)
    return fine("Every family can be reached.", ROSTER)


def conferences(look: Look) -> Finding:
    """Whether every student has a conference in the term that is, or comes next."""
    term = look.roll.term
    assert term is not None
    numbers = {number for number, one in look.roll.terms.items() if one.name == term.name}
    theirs = {one["student_id"] for one in look.roll.held if one["term_id"] in numbers}
    without = [row["key"] for row in look.roll.students if row["id"] not in theirs]
    if without:
        remedy = f"Write theirs into {CONFERENCES}, {LOAD_AGAIN}"
        return doubtful(f"{len(without)} without a conference in {term.name}: {listed(without)}.", CONFERENCES, remedy)
    return fine(f"Every student has a conference in {term.name}.", CONFERENCES)


def conference_days(look: Look) -> Finding:
    """Whether conferences to come are in their term, and on open days."""
    outside, closed = [], []
    for one in look.roll.coming:
        called = f"{look.roll.people[one['student_id']]['key']} on {one['date']}"
        if one["date"] not in look.roll.terms[one["term_id"]]:
            outside.append(called)
        elif not look.roll.calendar.is_open(one["date"]):
            closed.append(called)
    told = [f"Outside of their term: {listed(outside)}"] if outside else []
    told += [f"On closed days: {listed(closed)}"] if closed else []
    if told:
        remedy = f"Mend the dates in {CONFERENCES}, or the days in {CHARTER} or calendar.ics, {LOAD_AGAIN}"
        return doubtful(f"{'. '.join(told)}.", CONFERENCES, remedy)
    return fine(f"{len(look.roll.coming)} are to come, on school days.", CONFERENCES)


def _reached(adult: Row, how: Contact, mails: bool) -> bool:
    return bool(how is Contact.PRINT or adult["slack_id"] or (mails and adult["email"]))


def _in_slack(people: Sequence[Row]) -> tuple[list[str], list[str]]:
    """The ids of those who are found in Slack, and of the others."""
    found = [row["key"] for row in people if row["slack_id"]]
    return found, [row["key"] for row in people if not row["slack_id"]]
