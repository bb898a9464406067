"""A small school's folder, to be changed one thing at a time."""

from __future__ import annotations

from bot.errors import SchoolError
from bot.school import School, parse_school

LANGUAGES = ("en", "es")

CHARTER = """\
name = "Hillside School"
time_zone = "America/New_York"
language = "en"
grade_band = "middle"
level = "half"
quiet_hours = { from = "20:00", until = "07:00" }
counselors = ["bell", "ortiz"]
workspace = "T0SCHOOL"

[[helpline]]
name = "Lifeline"
number = "988"
hours = "day and night"

[[term]]
name = "Autumn 2026"
starts = 2026-09-08
ends = 2026-12-18

[[term]]
name = "Winter 2027"
starts = 2027-01-04
ends = 2027-03-26
"""

ROSTER = """\
id,role,name,email,grade,advisor,students,language,slack_id
noor,student,Noor Haddad,Noor@school.example,7,okafor,,,
theo,student,Theo Lindqvist,,7,okafor,,es,U0THEO
okafor,advisor,Ms. Okafor,okafor@school.example,,,,,
reyes,teacher,Mr. Reyes,reyes@school.example,,,,,
lind,teacher,Ms. Lind,lind@school.example,,,,,
amal,family,Amal Haddad,amal@home.example,,,noor,es,
anders,family,Anders Lindqvist,,,,theo,,
bell,counselor,Ms. Bell,bell@school.example,,,,,
ortiz,counselor,Mr. Ortiz,ortiz@school.example,,,,,
tan,coordinator,Mr. Tan,tan@school.example,,,,,
"""

CONFERENCES = """\
student,term,date,time,minutes,place,adults
noor,Autumn 2026,2026-12-10,17:30,20,room 12,reyes lind
theo,Autumn 2026,2026-12-11,16:00,15,room 12,
"""


def school(
    charter: str = CHARTER, roster: str = ROSTER, conferences: str = CONFERENCES, calendar: str = "", cadence: str = ""
) -> School:
    """The school these texts describe, as UTF-8 files; of calendar and cadence there is no file without a text."""
    return school_of(charter.encode(), roster.encode(), conferences.encode(), calendar.encode(), cadence.encode())


def school_of(charter: bytes, roster: bytes, conferences: bytes, calendar: bytes = b"", cadence: bytes = b"") -> School:
    files = {"school.toml": charter, "roster.csv": roster, "conferences.csv": conferences}
    more = {"calendar.ics": calendar, "cadence.toml": cadence}
    return parse_school(files | {name: text for name, text in more.items() if text}, LANGUAGES)


def problems(
    charter: str = CHARTER, roster: str = ROSTER, conferences: str = CONFERENCES, calendar: str = "", cadence: str = ""
) -> tuple[str, ...]:
    """What is said to be wrong with these texts; nothing, if they are a school."""
    try:
        school(charter, roster, conferences, calendar, cadence)
    except SchoolError as error:
        return error.problems
    return ()


def ics(*events: str) -> str:
    """A calendar of whole days, each event as "20261125/20261128 Thanksgiving break"; the second is the day after the
    last. A word after # is its category."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Hillside//EN"]
    for number, event in enumerate(events):
        days, _, called = event.partition(" ")
        first, after = days.split("/")
        title, _, category = called.partition(" #")
        lines += ["BEGIN:VEVENT", f"UID:{number}@hillside.example", "DTSTAMP:20260801T000000Z"]
        lines += [f"DTSTART;VALUE=DATE:{first}", f"DTEND;VALUE=DATE:{after}", f"SUMMARY:{title}"]
        lines += [f"CATEGORIES:{category}"] if category else []
        lines += ["END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])
