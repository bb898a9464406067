"""A school with as many students as there are ways to die. Everyone in it is made up."""

from __future__ import annotations

from pathlib import Path

from scheduler.cadence import parse_cadence

_CHARTER = """
name = "Hillside Middle School"
time_zone = "America/New_York"
language = "en"
grade_band = "middle"
level = "letter"
quiet_hours = { from = "20:00", until = "07:00" }
counselors = ["bell"]
[[helpline]]
name = "Crisis Text Line"
number = "text HOME to 741741"
hours = "day and night"
[[term]]
name = "Autumn 2026"
starts = 2026-09-08
ends = 2026-12-18
"""

_ADULTS = """\
okafor,advisor,Ms. Okafor,okafor@school.example,,,,
lind,teacher,Ms. Lind,lind@school.example,,,,
bell,counselor,Ms. Bell,bell@school.example,,,,
tan,coordinator,Mr. Tan,tan@school.example,,,,
"""

_NO_NUDGES = "".join(f"[nudge.{nudge.name}]\noff = true\n" for nudge in parse_cadence().nudges)
"""Turns are looked at here; what is planned would come between them whenever a bot has just started."""

_ROSTER_HEAD = "id,role,name,email,grade,advisor,students,language\n"
_CONFERENCES_HEAD = "student,term,date,time,minutes,place,adults\n"
_STARTS = ("No", "Ju", "Mi", "Sa", "The", "Le", "Ka", "Ri", "Bo", "Ta", "Ve", "Du", "Fi", "Ho", "Gwe", "Pa")
_ENDS = ("or", "les", "na", "mi", "o", "vin", "ra", "lo")

SIZE = len(_STARTS) * len(_ENDS)


def first_names() -> list[str]:
    """One for each student, no two alike."""
    return [start + end for start in _STARTS for end in _ENDS]


def write_school(folder: Path, size: int = SIZE) -> Path:
    """The folder of a school of so many students, each with Ms. Okafor, Ms. Lind and a mother at a conference."""
    folder.mkdir()
    names = first_names()[:size]
    keys = [name.lower() for name in names]
    students = "".join(
        f"{key},student,{name} Haddad,{key}@school.example,7,okafor,,\n" for key, name in zip(keys, names, strict=True)
    )
    family = f"amal,family,Amal Haddad,amal@school.example,,,{' '.join(keys)},\n"
    conferences = "".join(f"{key},Autumn 2026,2026-12-10,17:30,20,room 12,lind\n" for key in keys)
    (folder / "school.toml").write_text(_CHARTER)
    (folder / "cadence.toml").write_text(_NO_NUDGES)
    (folder / "roster.csv").write_text(_ROSTER_HEAD + students + _ADULTS + family)
    (folder / "conferences.csv").write_text(_CONFERENCES_HEAD + conferences)
    return folder
