from __future__ import annotations

from importlib import resources

import pytest

from bot.errors import SchoolError
from bot.school import parse_school, unsaid, unsayable
from prompts import Catalog
from tests.school.folders import problems, school

LATER = "[nudge.letter]\ndays = -12\n"


def test_a_school_s_own_cadence_is_kept_as_it_is_written() -> None:
    assert school(cadence=LATER).cadence == LATER


def test_a_file_of_nothing_is_no_cadence() -> None:
    assert school(cadence=" \n").cadence == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[nudge.letter]\nat = 15", "cadence.toml, nudge.letter.at: “15” is not a time of day. Write at = "),
        ("[nudge.letter]\nwhom = 3", "cadence.toml, nudge.letter.whom: is not known here."),
        ('[nudge.birthday]\nto = "student"', "cadence.toml, nudge.birthday.anchor: is missing."),
        ("[nudges.letter]\nat = 15", "cadence.toml, nudges: is not known here."),
        ("[nudge", "cadence.toml: this is not TOML: "),
    ],
)
def test_a_faulty_cadence_is_told_by_its_own_name_with_a_remedy(text: str, told: str) -> None:
    found = problems(cadence=text)
    assert found
    assert all(line.startswith("cadence.toml") for line in found)
    assert any(line.startswith(told) for line in found), found


def test_messages_and_flows_without_words_are_told() -> None:
    text = '[nudge.letter]\nmessage = "nudge_leter"\nflow = "letter"\n[nudge.reflection]\nflow = "dream"\n'
    assert list(unsaid(text, {"nudge_letter"}, {"letter"}, ())) == [
        "cadence.toml, nudge.letter.message: There is no message “nudge_leter” in every language. "
        "Write the name of one of prompts/<language>/messages. Did you mean “nudge_letter”?",
        "cadence.toml, nudge.reflection.flow: There is no flow “dream” in every language. "
        "Write the name of one of prompts/<language>/flows.",
    ]


@pytest.mark.parametrize("text", ["", LATER, '[nudge.x]\noff = true\nmessage = "nothing"\n', '[nudge.letter]\nflow=""'])
def test_what_needs_no_words_needs_none(text: str) -> None:
    assert list(unsaid(text, (), (), ())) == []


def test_conditions_nobody_knows_are_told() -> None:
    text = '[nudge.letter]\nunless = ["leter_done", "met"]\n[nudge.hello]\nunless = "mett"\n'
    text += '[nudge.approval]\noff = true\nunless = "x"\n'
    assert list(unsaid(text, (), (), {"letter_done", "met"})) == [
        "cadence.toml, nudge.letter.unless: There is no condition “leter_done”. "
        "Write one of letter_done, met. Did you mean “letter_done”?",
        "cadence.toml, nudge.hello.unless: There is no condition “mett”. "
        "Write one of letter_done, met. Did you mean “met”?",
    ]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def nudge(message: str, to: str, anchor: str = 'anchor = "conference"\ndays = -4', more: str = "") -> str:
    return f'[nudge.own]\nto = {to}\n{anchor}\nat = "15:00"\nmessage = "{message}"\n{more}\n'


WEEKLY = 'anchor = "weekly"\nweekday = "monday"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            nudge("nudge_letter", '"channel"'),
            "message: “nudge_letter” cannot be said to the channel: there is no message",
        ),
        (nudge("reminder", '"channel"', WEEKLY), "anchor: Only a conference has a channel"),
        (nudge("agenda", '"student"'), "message: “agenda” cannot be said to the student: it needs sections"),
        (nudge("nudge_hello", '"family"'), "message: “nudge_hello” cannot be said to the family: it needs again"),
        (nudge("dead_letters", '"student"'), "message: “dead_letters” cannot be said to the student: it needs "),
        (nudge("nudge_letter", '"student"', WEEKLY), "message: “nudge_letter” cannot be said to the student: "),
        (nudge("reminder", '"advisor"', WEEKLY), "message: “reminder” cannot be said to the advisor: "),
        (nudge("digest_advisor", '"advisor"'), "message: “digest_advisor” goes only to = "),
        (nudge("digest_advisor", '"coordinator"', WEEKLY, 'about = "school"'), "message: “digest_advisor” goes only"),
        (
            nudge("digest_coordinator", '"advisor"', WEEKLY, 'about = "group"'),
            "message: “digest_coordinator” goes only",
        ),
        (nudge("reminder", '"coordinator"'), "to: Nobody is a coordinator of what is about a student"),
        (nudge("reminder", '"student"', more='about = "group"'), "to: Nobody is a student of what is about a group"),
        (nudge("reminder", '"advisor"', more='about = "group"'), "message: “reminder” cannot be said to the advisor"),
        (nudge("digest_coordinator", '"coordinator"', more='about = "school"'), "anchor: The school as a whole has no"),
        ('[nudge.letter]\nto = ["student", "channel"]', "message: “nudge_letter” cannot be said to the channel"),
    ],
)
def test_a_nudge_that_could_only_fail_is_told_when_it_is_loaded(text: str, told: str, catalog: Catalog) -> None:
    (line,) = unsayable(text, catalog)
    _, _, fault = line.removeprefix("cadence.toml, nudge.").partition(".")
    assert fault.startswith(told)
    assert any(remedy in line for remedy in ("Write ", "Name a message", "take "))


@pytest.mark.parametrize(
    "text",
    [
        LATER,
        "",
        nudge("reminder", '["student", "family", "adults", "advisor", "channel"]'),
        nudge("agenda", '"channel"'),
        nudge("nudge_check_in", '"student"', WEEKLY),
        nudge("digest_before", '"advisor"', more='about = "group"'),
        nudge("digest_coordinator", '"coordinator"', WEEKLY, 'about = "school"'),
        '[nudge.own]\noff = true\nto = "channel"\nmessage = "nudge_letter"\n',
    ],
)
def test_a_nudge_that_can_be_said_is_taken(text: str, catalog: Catalog) -> None:
    assert list(unsayable(text, catalog)) == []


def test_everything_in_the_packaged_cadence_can_be_said(catalog: Catalog) -> None:
    packaged = resources.files("scheduler").joinpath("cadence.toml").read_text("utf-8")
    assert list(unsayable(packaged, catalog)) == []


def test_a_cadence_that_is_no_text_is_not_to_be_saved_as_a_table() -> None:
    files = dict.fromkeys(("school.toml", "calendar.ics", "cadence.toml", "roster.csv"), b"\x81\x8d")
    with pytest.raises(SchoolError) as raised:
        parse_school(files, ("en",))
    told = {line.split(":")[0]: line for line in raised.value.problems if "cannot be read as text" in line}
    assert told.keys() == files.keys()
    assert ["CSV" in told[name] for name in files] == [False, False, False, True]
