"""After a conference: the student's thank-you goes when they say so, and what adults saw comes to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from bot.practice.stage import Stage
from bot.store.models import Answer, Item
from bot.store.session import Store
from bot.words import Words
from scheduler import sealed
from tests.slack.afterwards import around, at, conference_of, fill, saw
from tests.slack.groups import begin, say
from tests.stages import Student

WORDS = "Thank you for room 12; because of it, I started my homework before six."
ASKED = "thank-you"
GIVEN = "Noor asked me to give you this:"


@pytest.fixture
def stage(store: Store, words: Words, tmp_path: Path) -> Iterator[Stage]:
    with around(store, words, tmp_path / "school") as stage:
        yield stage


def thank(stage: Stage, helped: str) -> Student:
    """Noor writes who helped, and thanks them; then it is the evening before the conference."""
    noor = Student(stage)
    noor.arrive()
    noor.say("menu")
    noor.tap("Thanks")
    noor.say(helped)
    noor.say(WORDS)
    return noor


def test_it_goes_to_whom_it_names_in_the_students_words_once_they_say_so(stage: Stage) -> None:
    noor = thank(stage, "Ms. Okafor helped me because she kept room 12 open, and Yusuf read my outline.")
    at(stage, 11, "15:31")
    (asked,) = saw(stage, "noor", ASKED)
    assert "ready to go to Yusuf Haddad and Ms. Okafor" in asked.shown
    assert WORDS in asked.shown
    at(stage, 15, "15:31")
    assert saw(stage, "okafor", WORDS) == []  # nothing goes by itself

    # Only the student decides.
    amal = stage.people["amal"]
    assert amal.tap("Send it", asked).ok
    stage.wait(seconds=1)
    assert saw(stage, "okafor", WORDS) == []

    noor.tap("Send it", asked)
    given, handed = saw(stage, "okafor", WORDS)
    assert GIVEN in given.shown.replace("*", "")
    assert "Noor thanks Yusuf Haddad" in handed.shown.replace("*", "")
    assert "Yusuf Haddad gets it from your advisor" in saw(stage, "noor", "on its way")[0].shown
    noor.tap("Send it", asked)
    noor.tap("I'll say it myself", asked)
    assert len(saw(stage, "okafor", WORDS)) == 2
    assert "on its way" in noor.last.shown or saw(stage, "noor", "on its way")


def test_where_nobody_is_surely_meant_the_student_chooses_and_flagged_words_never_go(stage: Stage) -> None:
    noor = thank(stage, "Jules helped me when he explained fractions on the bus.")
    at(stage, 11, "15:31")
    (asked,) = saw(stage, "noor", ASKED)
    assert "I'm not sure who it's for" in asked.shown
    assert "Send it" not in asked.buttons

    noor.tap("Choose who gets it", asked)
    fill(stage, noor.person, {"to": ["Mr. Reyes"], "words": "thank you, i will kill myself"})
    assert noor.person.modal is not None
    assert "Thank you for telling me, Noor." in noor.person.modal.shown
    noor.person.close()
    assert len(saw(stage, "bell", "Noor Haddad")) == 1
    assert saw(stage, "reyes", GIVEN) == []

    noor.tap("Choose who gets it", asked)
    fill(stage, noor.person, {"to": ["Mr. Reyes", "Amal Haddad"], "words": "Thank you for the draft you read."})
    assert "on its way to Amal Haddad and Mr. Reyes" in noor.person.modal.shown
    noor.person.close()
    (given,) = saw(stage, "reyes", "Noor asked me")
    assert "Thank you for the draft you read." in given.shown
    assert len(saw(stage, "amal", "Noor me pidió darle esto")) == 1


@pytest.mark.parametrize("why", ["held", "flagged"])
def test_what_is_held_back_or_flagged_is_not_even_asked_about(stage: Stage, why: str) -> None:
    noor = thank(stage, "Ms. Okafor helped me because she kept room 12 open.")
    about = {"workspace": stage.workspace.team_id, "conference_id": conference_of(stage), "flow": "gratitude"}
    with stage.bot.house.store.write() as connection:
        if why == "held":
            held = {"question": "thanks", "round": 1, "held_reason": "Let's talk first.", "develop": ""}
            connection.execute(insert(Item).values(**sealed.row(Item, {**about, **held})))
        else:
            connection.execute(update(Answer).where(Answer.question == "thanks").values(alarm="look"))
    at(stage, 11, "15:31")
    assert "You led your conference" in noor.last.shown
    assert not [one for one in noor.heard if ASKED in one.shown and "ready to go" in one.shown]


def test_the_reflection_asks_too_where_it_came_before_the_reminder(stage: Stage) -> None:
    noor = thank(stage, "Ms. Okafor helped me because she kept room 12 open.")
    at(stage, 11, "09:00")
    noor.say("menu")
    noor.tap("Reflection")
    for answer in ("It went well when I explained my map.", "Mr. Reyes said to start with the easy one.",
                   "I learned that I explain better when I draw it."):  # fmt: skip
        noor.say(answer)
    noor.tap("4")
    at(stage, 11, "15:31")
    (asked,) = saw(stage, "noor", "ready to go")
    noor.tap("I'll say it myself", asked)
    (own,) = saw(stage, "noor", "you say it yourself")
    assert saw(stage, "okafor", WORDS) == []
    noor.tap("Send it after all", own)
    assert len(saw(stage, "okafor", WORDS)) == 1
    assert saw(stage, "noor", "you say it yourself") == []


def test_what_adults_saw_comes_the_next_school_morning_and_is_asked_of_nobody_twice(stage: Stage) -> None:
    noor = Student(stage)
    noor.arrive()
    at(stage, 11, "16:31")
    okafor, amal, reyes = (stage.people[key] for key in ("okafor", "amal", "reyes"))
    for hands, words in ((okafor, "You waited until Yusuf had finished."), (amal, "Explicaste el mapa sin leer.")):
        assert hands.tap("Write what I saw" if hands is okafor else "Escribir lo que vi").ok
        fill(stage, hands, {"text": words})
        hands.close()
    assert reyes.tap("Write what I saw").ok
    fill(stage, reyes, {"text": "she told me she cut herself last night"})
    reyes.close()
    at(stage, 14, "07:44")
    assert saw(stage, "noor", "people saw you do") == []
    at(stage, 14, "07:46")
    (said,) = saw(stage, "noor", "people saw you do")
    assert "You waited until Yusuf had finished." in said.shown
    assert "Explicaste el mapa sin leer." in said.shown
    assert "cut herself" not in said.shown
    at(stage, 16, "16:31")
    assert len(saw(stage, "okafor", "What did you see Noor do?")) == 1
    assert len(saw(stage, "noor", "people saw you do")) == 1


def test_beside_a_student_who_has_no_account_their_advisor_is_asked_with_them(
    store: Store, words: Words, tmp_path: Path
) -> None:
    with around(store, words, tmp_path / "school", ("ravi",)) as stage:
        talk = begin(stage, "ravi")
        say(stage, talk, "gratitude.helped.1", "Ms. Okafor and Deepa")
        say(stage, talk, "gratitude.thanks.1", WORDS)
        at(stage, 16, "15:31")
        okafor = stage.people["okafor"]
        (asked,) = saw(stage, "okafor", "Ravi's thank-you is ready to go to Deepa Menon and Ms. Okafor")
        assert okafor.tap("Send it", asked).ok
        stage.wait(seconds=1)
        assert len(saw(stage, "okafor", "Ravi asked me to give you this")) == 1
        assert len(saw(stage, "okafor", "Ravi thanks Deepa Menon")) == 1
        (done,) = saw(stage, "okafor", "Ravi's thank-you is on its way")
        assert "Deepa Menon gets it from you" in done.shown
