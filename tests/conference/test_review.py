from __future__ import annotations

import pytest

from bot.conference.answers import Given, Setting, Spot
from bot.conference.minutes import Topic
from bot.conference.review import Audience, review, review_context, review_end_context
from bot.dialogue.flow import Visibility
from tests.conference.said import FLOWS, flow, question

AUDIENCE = Audience("Ms. Okafor", ("Mr. Reyes", "Ms. Okafor"), ("Amal Haddad", "Mr. Reyes", "Ms. Okafor"))
BEST, STUCK = Spot("strengths", "best_at"), Spot("struggles", "stuck")


def one(spot: Spot, text: str = "homework", **more: str) -> dict[Spot, Given]:
    return {spot: Given(*spot, text=text, **more)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("setting", "visible", "who"),
    [
        (Setting(), "conference", ["Amal Haddad", "Mr. Reyes", "Ms. Okafor"]),
        (Setting(visible=Visibility.TEACHERS), "teachers", ["Ms. Okafor", "Mr. Reyes"]),
        (Setting(visible=Visibility.ADVISOR), "advisor", ["Ms. Okafor"]),
        (Setting(develop="blame"), "advisor", ["Ms. Okafor"]),
        (Setting(develop="blame", visible=Visibility.CONFERENCE), "conference", list(AUDIENCE.conference)),
    ],
)
def test_each_line_says_who_sees_it_as_things_stand(setting: Setting, visible: str, who: list[str]) -> None:
    (part,) = review(one(STUCK), {STUCK: setting}, FLOWS)
    (line,) = review_context(part, AUDIENCE, str)["lines"]
    assert (line["visible"], line["who"]) == (visible, who)


def test_a_line_held_back_says_why() -> None:
    (part,) = review(one(STUCK), {STUCK: Setting(held_reason="let's talk first")}, FLOWS)
    assert part.lines[0].held == "let's talk first"


def test_a_struggle_kept_off_shows_as_not_on_the_agenda() -> None:
    choice = Spot("struggles", "want_ideas")
    (part,) = review({**one(STUCK), choice: Given(*choice, choices=("off",))}, {}, FLOWS)
    assert part.lines[0].visible is Visibility.ADVISOR


def test_answers_for_the_advisor_can_be_put_on_so_they_are_shown() -> None:
    (part,) = review(one(Spot("strengths", "private")), {}, FLOWS)
    assert [line.words for line in part.lines] == ["homework"]


def test_flagged_answers_and_answers_without_a_section_are_not_reviewed() -> None:
    given = {**one(STUCK, "", alarm="look"), **one(Spot("struggles", "want_ideas"), "Yes")}
    assert review(given, {}, FLOWS) == ()


def test_a_section_the_meeting_has_no_time_for_is_not_reviewed() -> None:
    given = {**one(Spot("letter", "learner")), **one(BEST)}
    assert [part.section for part in review(given, {}, FLOWS, 10)] == [Topic.STRENGTHS]
    assert [part.section for part in review(given, {}, FLOWS, 15)] == [Topic.LETTER, Topic.STRENGTHS]


def test_many_lines_take_several_messages_numbered_from_one_and_none_is_lost() -> None:
    many = flow("strengths", *(question(f"q{number}") for number in range(30)))
    given = {spot: Given(*spot, text=spot.question) for spot in (Spot("strengths", f"q{n}") for n in range(30))}
    parts = review(given, {}, {"strengths": many})
    assert [[line.n for line in part.lines] for part in parts] == [[*range(1, 13)], [*range(1, 13)], [*range(1, 7)]]
    assert [line.words for part in parts for line in part.lines] == [f"q{number}" for number in range(30)]
    assert {part.section for part in parts} == {Topic.STRENGTHS}


def test_the_end_counts_what_is_on_and_what_is_not() -> None:
    given = {**one(STUCK), **one(BEST), **one(Spot("strengths", "private"))}
    parts = review(given, {BEST: Setting(held_reason="let's talk first")}, FLOWS)
    context = review_end_context(parts, AUDIENCE, "Noor")
    assert (context["on"], context["off"], context["student"]) == (1, 2, "Noor")
