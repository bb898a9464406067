"""Pieces of work a student sends: what they show is taken, what runs or is far too large is not, and they are told."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.dialogue.state import Work
from bot.services.talk.uploads import LARGEST, LONGEST_LINK, MOST, NotTaken, Reason, Upload, fault, sift
from bot.store.models import Alert, Answer
from tests.stages import LETTER, PHOTO, Student


def file(name: str, filetype: str = "", size: int = 1_000) -> Upload:
    """A file as Slack tells of it."""
    return Upload(Work("file", name, "F1", ""), name, filetype, size)


def link(address: str) -> Upload:
    return Upload(Work("link", address, address, address))


@pytest.mark.parametrize(
    "upload",
    [
        file("timeline.PNG", "png"),
        file("IMG_2231.HEIC", "heic"),
        file("essay.docx", "docx"),
        file("play.mov", "mov", LARGEST),
        file("photo", "jpg"),
        file("notes.py", "python"),
        file("Untitled", "gdoc"),
        link("https://docs.example/d/1?x=y#z"),
        link("http://school.example"),
    ],
)
def test_what_a_student_shows_is_taken(upload: Upload) -> None:
    assert fault(upload) is None


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        (file("game.exe", "binary"), Reason.KIND),
        (file("photo.png.exe", "png"), Reason.KIND),
        (file("essay.docm", "docx"), Reason.KIND),
        (file("page.html", "html"), Reason.KIND),
        (file("page.png", "html"), Reason.KIND),
        (file("drawing.svg", "svg"), Reason.KIND),
        (file("all.zip", "zip"), Reason.KIND),
        (file("run.sh", "shell"), Reason.KIND),
        (file("script.js", "javascript"), Reason.KIND),
        (file("", ""), Reason.KIND),
        (file("film.mov", "mov", LARGEST + 1), Reason.SIZE),
        (link("javascript:alert(1)"), Reason.LINK),
        (link("data:text/html,x"), Reason.LINK),
        (link("https://school.example@evil.example/"), Reason.LINK),
        (link("https://[::1"), Reason.LINK),
        (link("https://"), Reason.LINK),
        (link("https://x.example/" + "a" * LONGEST_LINK), Reason.LINK),
    ],
)
def test_what_runs_is_too_large_or_leads_elsewhere_is_not(upload: Upload, reason: Reason) -> None:
    assert fault(upload) is reason


def test_of_many_the_first_are_taken() -> None:
    works, others = sift([file("bad.exe"), *(file(f"{number}.png", "png") for number in range(MOST + 2))])
    assert [work.title for work in works] == [f"{number}.png" for number in range(MOST)]
    assert others[0] == NotTaken("bad.exe", Reason.KIND)
    assert {other.reason for other in others[1:]} == {Reason.COUNT}


def kept(student: Student) -> list[tuple[str, list[str]]]:
    """The answers as they are stored: their words, and the titles of their works."""
    with student.stage.bot.house.store.read() as connection:
        rows = connection.execute(select(Answer.text, Answer.evidence).order_by(Answer.id)).all()
    return [(row.text, [work["title"] for work in row.evidence]) for row in rows]


def said(student: Student) -> list[str]:
    return [message.shown for message in student.person.sees() if message.app]


def test_the_words_and_the_good_file_are_kept_and_the_other_is_named(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    for text in LETTER.values():
        noor.say(text)
    noor.say("In science, I measured the scale for the timeline.")
    noor.person.share(PHOTO, "game.exe", "application/octet-stream", "You can see it in my lab notebook, page 12.")
    noor.let()
    assert kept(noor)[-1] == ("You can see it in my lab notebook, page 12.", [])
    assert "take *game.exe*" in said(noor)[-1]
    assert "The rest is here." in said(noor)[-1]


def test_a_message_that_is_nothing_but_such_a_file_answers_nothing(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    before = kept(noor)
    noor.person.share(PHOTO, "game.exe", "application/octet-stream")
    noor.let()
    assert kept(noor) == before
    assert "take *game.exe*" in said(noor)[-1]
    assert "The rest" not in said(noor)[-1]


def test_the_title_of_a_file_that_is_not_taken_is_read_all_the_same(noor: Student) -> None:
    noor.arrive()
    noor.tap("Start")
    noor.person.share(PHOTO, "i want to kill myself.exe", "application/octet-stream")
    noor.let()
    with noor.stage.bot.house.store.read() as connection:
        assert len(connection.scalars(select(Alert.id)).all()) == 1
