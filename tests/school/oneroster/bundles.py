"""A small district's bundle, in both versions of the standard, to be changed one thing at a time; and a large one."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.errors import SchoolError
from bot.school import School, parse_school
from tests.school.folders import LANGUAGES

NOW = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
Files = dict[str, str]

CHARTER = """\
name = "Hillside School"
time_zone = "America/New_York"
language = "en"
grade_band = "middle"
counselors = ["u-bell"]
workspace = "T0SCHOOL"

[oneroster]
school = "o-hill"
coordinators = ["u-tan"]
"""

CONFERENCES = """\
student,term,date,time,minutes,place,adults
s-noor,Quarter 2 2026,2026-12-10,17:30,20,room 12,u-reyes
"""

_MANIFEST = """\
propertyName,value
manifest.version,1.0
oneroster.version,{version}
file.academicSessions,bulk
file.classes,bulk
file.courses,bulk
file.demographics,absent
file.enrollments,bulk
file.orgs,bulk
file.roles,{roles}
file.users,bulk
source.systemName,An invented system
"""

_ORGS = """\
sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId
o-dist,,,Invented District,district,,
o-hill,,,Hillside Middle School,school,,o-dist
o-arts,,,Arts,department,,o-hill
o-lake,,,Lakeside School,school,,o-dist
"""

_SESSIONS = """\
sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear
y27,,,2026-27,schoolYear,2026-08-24,2027-06-18,,2027
s1,,,Semester 1,semester,2026-08-24,2027-01-22,y27,2027
q1,,,Quarter 1,gradingPeriod,2026-08-24,2026-10-30,s1,2027
q2,,,Quarter 2,gradingPeriod,2026-10-30,2027-01-22,s1,2027
q3,tobedeleted,,Quarter 3,gradingPeriod,2026-12-01,2027-01-22,s1,2027
t9,,,Trimester 1,gradingPeriod,2026-08-24,2026-11-20,,2027
"""

_COURSES = """\
sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes
k-adv,,,y27,Advisory,ADV7,07,o-hill,,
k-sci,,,y27,Science,SCI7,07,o-hill,,
"""

_CLASSES = """\
sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds
c-adv,,,Advisory Okafor,07,k-adv,ADV-1,homeroom,room 12,o-hill,s1
c-old,tobedeleted,,Advisory Old,07,k-adv,ADV-0,homeroom,room 1,o-hill,s1
c-sci,,,Science 7,07,k-sci,SCI-1,scheduled,lab,o-hill,s1
c-lake,,,Homeroom Lake,07,k-adv,HR-9,homeroom,room 2,o-lake,t9
"""

_PEOPLE = (
    # sourcedId, status, enabled, role, org, given, family, email, agents, grades
    ("s-noor", "", "true", "student", "o-hill", "Noor", "Haddad", "Noor@school.example", "g-amal,g-aunt", "07"),
    ("s-theo", "", "true", "student", "o-hill", "Theo", "Lindqvist", "", "", "07"),
    ("s-left", "tobedeleted", "true", "student", "o-hill", "Lee", "Left", "left@school.example", "", "07"),
    ("s-lone", "", "true", "student", "o-hill", "Lou", "Lone", "lone@school.example", "", "08"),
    ("s-lake", "", "true", "student", "o-lake", "Lake", "Pupil", "pupil@school.example", "g-lake", "07"),
    ("u-okafor", "", "true", "teacher", "o-hill", "Ada", "Okafor", "okafor@school.example", "", ""),
    ("u-reyes", "", "true", "teacher", "o-arts", "Luis", "Reyes", "reyes@school.example", "", ""),
    ("u-lake", "", "true", "teacher", "o-lake", "Lena", "Lake", "lake@school.example", "", ""),
    ("u-bell", "", "true", "administrator", "o-hill", "Bea", "Bell", "bell@school.example", "", ""),
    ("u-tan", "", "true", "administrator", "o-dist", "Tom", "Tan", "tan@school.example", "", ""),
    ("u-prin", "", "true", "administrator", "o-hill", "Pia", "Principal", "prin@school.example", "", ""),
    ("g-amal", "", "true", "guardian", "o-hill", "Amal", "Haddad", "amal@home.example", "", ""),
    ("g-anders", "", "false", "parent", "o-dist", "Anders", "Lindqvist", "anders@home.example", "s-theo", ""),
    ("g-aunt", "", "true", "relative", "o-hill", "Aya", "Haddad", "aya@home.example", "s-noor", ""),
    ("g-lake", "", "true", "guardian", "o-lake", "Gil", "Pupil", "gil@home.example", "s-lake", ""),
)  # fmt: skip

_ENROLLMENTS = """\
sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate
e1,,,c-adv,o-hill,u-okafor,teacher,true,,
e2,,,c-adv,o-hill,s-noor,student,false,,
e3,,,c-adv,o-hill,s-theo,student,false,2026-08-24,2027-06-18
e4,,,c-sci,o-hill,u-reyes,teacher,true,,
e5,,,c-sci,o-hill,s-noor,student,false,,
e6,,,c-sci,o-hill,s-lone,student,false,,
e7,tobedeleted,,c-adv,o-hill,s-lone,student,false,,
e8,,,c-lake,o-lake,u-lake,teacher,true,,
e9,,,c-lake,o-lake,s-lake,student,false,,
"""

_USERS_11 = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password"
)
_USERS_12 = (
    "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,"
    "phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,"
    "preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns"
)
_ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"
)
_IN_12 = {"administrator": "siteAdministrator"}


def _table(titles: str, rows: list[dict[str, str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, titles.split(","), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _users() -> list[dict[str, str]]:
    titles = "sourcedId,status,enabledUser,role,orgSourcedIds,givenName,familyName,email,agentSourcedIds,grades"
    return [dict(zip(titles.split(","), row, strict=True)) for row in _PEOPLE]


def bundle(version: str = "1.1") -> Files:
    """The tables by their names."""
    users = _users()
    roles = [
        {"sourcedId": f"r{number}", "userSourcedId": row["sourcedId"], "roleType": "primary",
         "role": _IN_12.get(row["role"], row["role"]), "orgSourcedId": row["orgSourcedIds"]}
        for number, row in enumerate(users)
    ]  # fmt: skip
    bare = [{title: cell for title, cell in row.items() if title not in ("role", "orgSourcedIds")} for row in users]
    files = {
        "manifest.csv": _MANIFEST.format(version=version, roles="bulk" if version == "1.2" else "absent"),
        "orgs.csv": _ORGS,
        "academicSessions.csv": _SESSIONS,
        "courses.csv": _COURSES,
        "classes.csv": _CLASSES,
        "users.csv": _table(_USERS_11, users) if version == "1.1" else _table(_USERS_12, bare),
        "enrollments.csv": _ENROLLMENTS,
    }
    return files | ({"roles.csv": _table(_ROLES, roles)} if version == "1.2" else {})


def changed(files: Files, table: str, *changes: tuple[str, str]) -> Files:
    """The bundle with texts of one table replaced; each must be there once."""
    text = files[table]
    for before, after in changes:
        assert text.count(before) == 1, (table, before, text.count(before))
        text = text.replace(before, after)
    return {**files, table: text}


def zipped(files: Mapping[str, str | bytes], inside: str = "") -> bytes:
    """The tables as a zip file, in a folder of it if one is named."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{inside}{name}", text)
    return into.getvalue()


def folder_of(
    files: Files, charter: str = CHARTER, roster: str = "", conferences: str = CONFERENCES
) -> dict[str, bytes]:
    """A school's files by name, the bundle in a folder; of roster.csv there is none without a text."""
    own = {"school.toml": charter, "conferences.csv": conferences} | ({"roster.csv": roster} if roster else {})
    return {name: text.encode() for name, text in (own | {f"oneroster/{n}": t for n, t in files.items()}).items()}


def school(files: Files, charter: str = CHARTER, roster: str = "", conferences: str = CONFERENCES) -> School:
    return parse_school(folder_of(files, charter, roster, conferences), LANGUAGES, NOW)


def problems(files: Files, charter: str = CHARTER, roster: str = "", conferences: str = CONFERENCES) -> tuple[str, ...]:
    """What is said to be wrong; nothing, if it is a school."""
    try:
        school(files, charter, roster, conferences)
    except SchoolError as error:
        return error.problems
    return ()


def large(students: int, classes_each: int = 10) -> Files:
    """A district of one school: a class for every 25 students and subject, an advisory for every 15, two guardians
    each."""
    orgs = "sourcedId,name,type,parentSourcedId\no,Large School,school,\n"
    teachers = [f"t{number}" for number in range(students // 15)]
    users = [{"sourcedId": one, "role": "teacher", "givenName": "T", "familyName": one} for one in teachers]
    for number in range(students):
        agents = [f"g{number}a", f"g{number}b"]
        users.append({"sourcedId": f"s{number}", "role": "student", "givenName": "S", "familyName": f"s{number}",
                      "email": f"s{number}@school.example", "agentSourcedIds": ",".join(agents)})  # fmt: skip
        users += [{"sourcedId": one, "role": "guardian", "givenName": "G", "familyName": one} for one in agents]
    for user in users:
        user |= {"orgSourcedIds": "o", "enabledUser": "true"}
    rooms = [f"a{number},Advisory,homeroom,o" for number in range(len(teachers))]
    rooms += [f"c{number},Class,scheduled,o" for number in range(students * classes_each // 25)]
    seats = [f"a{number},{one},teacher,true" for number, one in enumerate(teachers)]
    for number in range(students):
        seats.append(f"a{number // 15 % len(teachers)},s{number},student,false")
        seats += [f"c{(number // 25) * classes_each + one},s{number},student,false" for one in range(classes_each - 1)]
    listed = "".join(f"e{number},{seat}\n" for number, seat in enumerate(seats))
    return {
        "manifest.csv": _MANIFEST.format(version="1.1", roles="absent"),
        "orgs.csv": orgs,
        "academicSessions.csv": _SESSIONS.replace("t9,,", "t9,tobedeleted,"),
        "courses.csv": _COURSES,
        "classes.csv": "sourcedId,title,classType,schoolSourcedId\n" + "".join(f"{room}\n" for room in rooms),
        "users.csv": _table(_USERS_11, users),
        "enrollments.csv": "sourcedId,classSourcedId,userSourcedId,role,primary\n" + listed,
    }
