"""The school: its folder, that it is loaded for this workspace, its terms and its days."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.doctor.finding import NAMED, Finding, doubtful, failed, fine, listed, unseen
from bot.doctor.look import Look
from bot.errors import SchoolError
from bot.settings import Name

SENTENCE = re.compile(r"(?<=[.?]) ")
LOAD_AGAIN = "and load it again: conference-coach load"
CHARTER, CALENDAR = "school.toml", "calendar.ics"
_EACH = f'Have a folder for each workspace, with its id in {CHARTER}: workspace = "T…"'


def folder(look: Look) -> Finding:
    """Whether the school's folder could be loaded, or those of several schools."""
    where = look.settings.school_dir
    if where is None:
        return unseen(f"{Name.SCHOOL_DIR} names none", Name.SCHOOL_DIR)
    if look.misplaced:
        said = SENTENCE.split(look.misplaced.problems[0])[0]
        return failed(said, Name.SCHOOL_DIR, _EACH)
    if not look.folders:
        return doubtful(f"No folder in {where} is for workspace {look.wanted}.", Name.SCHOOL_DIR, _EACH)
    found = {one: look.school_of(one) for one in look.folders}
    if wrong := {one: school.problems for one, school in found.items() if isinstance(school, SchoolError)}:
        remedy = "Read them all, and mend them: conference-coach load --check"
        return failed(_faults(look, wrong), Name.SCHOOL_DIR, remedy)
    names = [school.name for school in found.values() if not isinstance(school, SchoolError)]
    return fine(f"{listed(names)} {'is' if len(names) == 1 else 'are'} in order.", Name.SCHOOL_DIR)


def _faults(look: Look, wrong: Mapping[Path, Sequence[str]]) -> str:
    """How many there are and where the first is, in each folder; which folder that is, where there are several."""
    told = []
    for one, problems in list(wrong.items())[:NAMED]:
        place = problems[0].partition(": ")[0]
        count = "A fault" if len(problems) == 1 else f"{len(problems)} faults, the first"
        told.append(f"{one.name}: {count[0].lower()}{count[1:]} in {place}" if look.several else f"{count} in {place}")
    more = f"; and in {len(wrong) - NAMED} more folders" if len(wrong) > NAMED else ""
    return f"{'; '.join(told)}{more}."


def loaded(look: Look) -> Finding:
    """Whether a school is loaded, for the workspace of the token."""
    if not look.schools:
        return failed("No school has been loaded.", Name.SCHOOL_DIR, "Load it: conference-coach load")
    there = "; ".join(f"{name} ({workspace})" for workspace, name in look.schools.items())
    if not look.workspace:
        return unseen(f"there are several schools ({there}): say which, --workspace T…")
    if look.workspace not in look.schools:
        return failed(
            f"No school is loaded for workspace {look.workspace}, but {there}.",
            Name.BOT_TOKEN,
            "Take the bot token of the school's own workspace; or load a school for this one: conference-coach load",
        )
    told = _told(look)
    if told and told != look.workspace:
        remedy = f"Mend workspace in {CHARTER}, or leave it out, {LOAD_AGAIN}"
        return failed(f"The folder is for workspace {told}, and this is {look.workspace}.", CHARTER, remedy)
    return fine(f"{look.schools[look.workspace]} is loaded for workspace {look.workspace}.", Name.SCHOOL_DIR)


def _told(look: Look) -> str | None:
    """Whose school the one folder says it describes. Those of several are told apart by it."""
    if look.several or not look.folders:
        return None
    school = look.school_of(look.folders[0])
    return None if isinstance(school, SchoolError) else school.workspace


def term(look: Look) -> Finding:
    """Whether there is a term now or to come."""
    found = look.roll.term
    if found is None:
        last = max((one.last for one in look.roll.calendar.terms), default=None)
        said = f"The last term ended on {last}: nobody is written to." if last else "There is no term."
        return failed(said, CHARTER, f"Add the next [[term]] to {CHARTER}, {LOAD_AGAIN}")
    return fine(f"{found.name}, {found.first} to {found.last}.", CHARTER)


def school_days(look: Look) -> Finding:
    """Whether that term has a school day."""
    found, calendar = look.roll.term, look.roll.calendar
    assert found is not None
    first = calendar.first_open(found.first)
    if first is None or first > found.last:
        return failed(
            f"{found.name} has no open school day: nobody is written to in it.",
            CHARTER,
            f"Look at school_week and [[day]] in {CHARTER}, and at {CALENDAR}, {LOAD_AGAIN}",
        )
    return fine(f"{found.name} has school days.", CHARTER)


def days_off(look: Look) -> Finding:
    """Whether the days off reach that term: a calendar of last year knows none of it."""
    found = look.roll.term
    assert found is not None
    last = max((span.last for span in look.roll.calendar.spans), default=None)
    remedy = f"Export the school year's calendar as {CALENDAR}, or write its days as [[day]] in {CHARTER}, {LOAD_AGAIN}"
    if last is None:
        return doubtful("No day off is known: everybody is written to in the holidays.", CALENDAR, remedy)
    if last < found.first:
        said = f"The calendar ends on {last}, before {found.name} begins on {found.first}: no day off in it is known."
        return doubtful(said, CALENDAR, remedy)
    return fine(f"Days off are known up to {last}.", CALENDAR)
