from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conference.agenda import (
    Added,
    Agenda,
    Idea,
    Meeting,
    Piece,
    Pride,
    agenda_context,
    compile_agenda,
    frame,
    web_address,
    work_context,
)
from bot.conference.answers import Given, Setting, Spot, fold
from bot.conference.minutes import Topic
from bot.dialogue.flow import Visibility
from bot.dialogue.state import Work
from tests.conference.said import FLOWS, flow, question, said, spot

MEETING = Meeting("Noor", "2026-12-10", "17:30", 20, "room 12")
BEST, STUCK, WISH = Spot("strengths", "best_at"), Spot("struggles", "stuck"), Spot("goals", "wish")


def answers(**words: str) -> dict[Spot, Given]:
    """Answers by "flow__question" or "flow__question__round"."""
    spots = {spot(name.replace("__", ".")): text for name, text in words.items()}
    return {place: Given(*place, text=text) for place, text in spots.items()}


def words(agenda: Agenda) -> list[str]:
    return [line.words for line in agenda.lines]


def section(agenda: Agenda, topic: Topic) -> list[str]:
    return [line.words for part in agenda.sections if part.section is topic for line in part.lines]


def label(key: str) -> str:
    return f"<{key}>"


def test_answers_stand_in_the_section_of_their_question() -> None:
    given = answers(letter__learner="I try", strengths__best_at="I measured", gratitude__thanks="Thank you, Theo")
    agenda = compile_agenda(given, {}, FLOWS, 20)
    assert section(agenda, Topic.LETTER) == ["I try"]
    assert section(agenda, Topic.STRENGTHS) == ["I measured"]
    assert section(agenda, Topic.THANKS) == ["Thank you, Theo"]


def test_a_goal_reads_was_am_want_and_goals_come_one_after_the_other() -> None:
    given = answers(goals__wish="w1", goals__was="a1", goals__am="b1", goals__wish__2="w2", goals__am__2="b2")
    assert section(compile_agenda(given, {}, FLOWS, 20), Topic.GOALS) == ["a1", "b1", "w1", "b2", "w2"]


def test_an_ask_stands_under_the_goal_of_its_round() -> None:
    given = answers(
        goals__wish="raise my\nhand", goals__wish__2="start early", supports__who="Ms. Lind", supports__who__2="Yusuf"
    )
    asks = [line for line in compile_agenda(given, {}, FLOWS, 20).lines if line.spot.flow == "supports"]
    assert [(line.goal, line.words) for line in asks] == [("raise my hand", "Ms. Lind"), ("start early", "Yusuf")]


def test_a_goal_kept_off_the_agenda_does_not_head_its_ask() -> None:
    given = answers(goals__wish="raise my hand", supports__who="Ms. Lind")
    agenda = compile_agenda(given, {WISH: Setting(visible=Visibility.ADVISOR)}, FLOWS, 20)
    assert [(line.goal, line.words) for line in agenda.lines] == [("", "Ms. Lind")]


@pytest.mark.parametrize(
    ("opening", "order"),
    [
        ("", "welcome letter strengths struggles goals asks"),
        ("strengths", "welcome letter strengths struggles goals asks"),
        ("goals", "welcome letter goals strengths struggles asks"),
        ("struggles", "welcome letter struggles strengths goals asks"),
        ("thanks", "welcome letter strengths struggles goals asks"),
    ],
)
def test_the_student_chooses_what_comes_first_after_the_introduction(opening: str, order: str) -> None:
    agenda = compile_agenda({}, {}, FLOWS, 20, opening)
    assert " ".join(part.section for part in agenda.sections[:6]) == order


@pytest.mark.parametrize("minutes", [1, 7, 10, 12, 15, 20, 25, 30, 45])
def test_the_parts_last_as_long_as_the_meeting(minutes: int) -> None:
    for opening in ("", "goals"):
        assert sum(part.minutes for part in frame(minutes, opening).sections) == minutes


def test_a_part_without_minutes_is_not_held() -> None:
    agenda = compile_agenda(answers(letter__learner="I try"), {}, FLOWS, 10)
    assert Topic.LETTER not in {part.section for part in agenda.sections}
    assert words(agenda) == []


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        (Setting(), True),
        (Setting(visible=Visibility.CONFERENCE), True),
        (Setting(visible=Visibility.TEACHERS), False),
        (Setting(visible=Visibility.ADVISOR), False),
        (Setting(held_reason="let's talk first"), False),
        (Setting(visible=Visibility.CONFERENCE, held_reason="let's talk first"), False),
        (Setting(develop="label"), True),
        (Setting(develop="empty"), False),
        (Setting(develop="blame"), False),
        (Setting(develop="blame", visible=Visibility.CONFERENCE), True),
        (Setting(develop="blame", visible=Visibility.CONFERENCE, held_reason="let's talk first"), False),
    ],
)
def test_a_line_is_on_the_agenda_only_if_nobody_keeps_it_off(setting: Setting, shown: bool) -> None:
    agenda = compile_agenda(answers(struggles__stuck="homework"), {STUCK: setting}, FLOWS, 20)
    assert words(agenda) == (["homework"] if shown else [])


@pytest.mark.parametrize(("choice", "shown"), [("yes", ["homework", "starting"]), ("", ["homework"]), ("off", [])])
def test_what_the_student_chose_about_a_struggle_holds_for_its_lines(choice: str, shown: list[str]) -> None:
    given = answers(struggles__stuck="homework", struggles__ideas_on="starting")
    given[Spot("struggles", "want_ideas")] = Given("struggles", "want_ideas", choices=(choice,) if choice else ())
    assert words(compile_agenda(given, {}, FLOWS, 20)) == shown


def test_a_single_line_of_a_struggle_kept_off_can_be_put_on() -> None:
    given = answers(struggles__stuck="homework", struggles__tried="lists")
    given[Spot("struggles", "want_ideas")] = Given("struggles", "want_ideas", choices=("off",))
    on = {Spot("struggles", "tried"): Setting(visible=Visibility.CONFERENCE)}
    assert words(compile_agenda(given, on, FLOWS, 20)) == ["lists"]


def test_an_answer_to_a_question_the_school_no_longer_asks_is_not_shown() -> None:
    assert words(compile_agenda(answers(strengths__gone="old", pets__name="Rex"), {}, FLOWS, 20)) == []


def test_what_adults_are_proud_of_stands_with_the_strengths() -> None:
    agenda = compile_agenda({}, {}, FLOWS, 20, added=Added({}, prides=(Pride("Amal", "you *helped*"),)))
    prides = {part["key"]: part["prides"] for part in agenda_context(agenda, MEETING, label)["sections"]}
    assert prides.pop("strengths") == [{"by": "Amal", "words": "you *helped*"}]
    assert not any(prides.values())


def test_the_works_of_a_section_say_who_chose_them() -> None:
    work = Work("photo", "football-field\ntimeline", "F1", "https://files.test/F1")
    given = {BEST: Given(*BEST, text="I measured", evidence=(work,))}
    chosen = Piece("described", "lab notebook p. 12", chosen_by="Mr. Reyes", why="you found\nyour own mistake")
    added = Added({Topic.STRENGTHS: (chosen,)})
    context = agenda_context(compile_agenda(given, {}, FLOWS, 20, added=added), MEETING, label)
    own, theirs = {"by": "", "why": ""}, {"by": "Mr. Reyes", "why": "you found your own mistake"}
    assert context["sections"][2]["works"] == [
        {"title": "football-field timeline", "kind": "<work.photo>", "url": "https://files.test/F1"} | own,
        {"title": "lab notebook p. 12", "kind": "", "url": ""} | theirs,
    ]


@pytest.mark.parametrize(
    ("kind", "title", "shown"),
    [
        ("photo", "timeline", ("timeline", "<work.photo>")),
        ("photo", "", ("<work.photo>", "")),
        ("described", "page 12", ("page 12", "")),
        ("described", " ", ("<fallback.untitled_work>", "")),
        ("hologram", "x", ("x", "")),
    ],
)
def test_a_work_is_named_by_its_title_or_else_its_kind(kind: str, title: str, shown: tuple[str, str]) -> None:
    context = work_context(Piece(kind, title), label)
    assert (context["title"], context["kind"]) == shown


def test_ideas_stand_under_their_ask_and_vanish_with_it() -> None:
    given = answers(supports__who="Mom", supports__how="phone away")
    added = Added(
        {}, (Idea("supports", 1, "Ms. Okafor", "stay in room 12"), Idea("supports", 2, "Mr. Reyes", "secret"))
    )
    context = agenda_context(compile_agenda(given, {}, FLOWS, 20, added=added), MEETING, label)
    asks = context["sections"][context["turn"] - 1]
    assert [said["ideas"] for said in asks["said"]] == [[{"by": "Ms. Okafor", "words": "stay in room 12"}]]
    off = {place: Setting(visible=Visibility.ADVISOR) for place in given}
    assert not any(part.ideas for part in compile_agenda(given, off, FLOWS, 20, added=added).sections)


def test_lines_with_a_label_stand_together_and_others_alone() -> None:
    given = answers(struggles__stuck="homework", struggles__tried="lists", goals__was="a", goals__am="b")
    context = agenda_context(compile_agenda(given, {}, FLOWS, 20), MEETING, label)
    said = {one["words"]: one["labelled"] for part in context["sections"] for one in part["said"]}
    assert said == {"homework": False, "<line.tried>: lists": True, "<line.was>: a\n<line.am>: b": True}


def test_the_context_counts_the_parts_and_names_the_adults_turn() -> None:
    context = agenda_context(frame(20), MEETING, label)
    assert [part["n"] for part in context["sections"]] == list(range(1, 10))
    assert context["sections"][context["turn"] - 1]["key"] == "asks"
    assert context["sections"][0]["title"] == "<section.welcome>"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://files.test/a?b=c#d", "https://files.test/a?b=c#d"),
        (" http://files.test/a%20b ", "http://files.test/a%20b"),
        ("https://files.test/a b|c>d", "https://files.test/a%20b%7Cc%3Ed"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https:///nowhere", ""),
        ("https://[broken", ""),
        ("files.test/a", ""),
        ("", ""),
    ],
)
def test_only_addresses_of_the_web_become_links(url: str, address: str) -> None:
    assert web_address(url) == address


SPOTS = [
    Spot("letter", "learner"),
    BEST,
    Spot("strengths", "private"),
    STUCK,
    Spot("struggles", "want_ideas"),
    Spot("struggles", "ideas_on"),
    WISH,
    Spot("goals", "was", 2),
    Spot("supports", "how"),
    Spot("supports", "how", 2),
    Spot("gratitude", "thanks"),
]


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_no_combination_lets_a_line_out_that_is_flagged_held_withdrawn_or_for_the_advisor(data: st.DataObject) -> None:
    revisions, decided, allowed = [], {}, set()
    for number, place in enumerate(SPOTS):
        alarm = data.draw(st.sampled_from(["", "", "look", "explicit"]))
        gone = data.draw(st.sampled_from(["", "", "withdrawn", "replaced"]))
        setting = Setting(
            visible=data.draw(st.sampled_from([None, *Visibility])),
            develop=data.draw(st.sampled_from(["", "blame", "empty"])),
            held_reason=data.draw(st.sampled_from(["", "", "talk first"])),
        )
        choice = data.draw(st.sampled_from(["yes", "off", ""])) if place.question == "want_ideas" else ""
        name = ".".join(map(str, place))
        revisions.append(said(10 * number, name, f"[{number}]", alarm=alarm, choices=choice))
        if gone:
            revisions.append(said(10 * number + 1, name, at=10 * number, edited_at=10 * number + 1, act=gone))
        decided[place] = setting
        question = FLOWS[place.flow].question(place.question)
        public = (setting.visible or question.visible) is Visibility.CONFERENCE and question.section is not None
        if public and not (alarm or gone or setting.held_reason) and (setting.develop != "blame" or setting.visible):
            allowed.add(f"[{number}]")
    agenda = compile_agenda(fold(revisions), decided, FLOWS, data.draw(st.integers(1, 40)))
    shown = {part for line in agenda.lines for part in (*line.words.split(), line.goal) if part}
    assert shown <= allowed
    assert agenda == compile_agenda(fold(reversed(revisions)), decided, FLOWS, sum(p.minutes for p in agenda.sections))


def test_the_words_of_a_line_are_the_students_unchanged() -> None:
    text = "*_~`<!channel> {{ x }} \u202e 1. # >  two  spaces\nand a line"
    given = answers(strengths__best_at=text)
    assert words(compile_agenda(given, {}, FLOWS, 20)) == [text]


def test_a_tapped_choice_without_words_shows_its_label() -> None:
    options = [{"id": "yes", "label": "Yes, ask them"}, {"id": "own", "label": "My own idea"}]
    flows = {"struggles": flow("struggles", question("ideas", kind="choice", options=options))}
    place = Spot("struggles", "ideas")
    assert words(compile_agenda({place: Given(*place, choices=("yes",))}, {}, flows, 20)) == ["Yes, ask them"]
