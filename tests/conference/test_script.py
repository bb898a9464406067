"""Cue cards: made of the student's own words, cut but never reworded, and the time that is left for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.conference.agenda import Added, Idea, Piece, compile_agenda
from bot.conference.answers import Given, Setting, Spot
from bot.conference.minutes import Topic
from bot.conference.script import LONGEST, MOST, Card, Thin, card_context, script, short, something_to_say, text_of
from bot.conference.timing import clock, left
from bot.dialogue.state import Work
from tests.conference.said import FLOWS, spot

LONG = "I measured the scale for the timeline of the universe on the football field with a rope, and then did it again."
BEGAN = datetime(2026, 12, 10, 22, 30, tzinfo=UTC)


def label(key: str) -> str:
    return f"<{key}>"


def cards(
    words: dict[str, str],
    *,
    own: dict[Topic, str] | None = None,
    settings: dict[Spot, Setting] | None = None,
    added: Added | None = None,
    level: tuple[str, ...] = tuple(FLOWS),
) -> dict[Topic, Card]:
    """The cards these answers make, by "flow.question.round"."""
    given = {spot(place): Given(*spot(place), text=text) for place, text in words.items()}
    flows = {name: FLOWS[name] for name in level}
    agenda = compile_agenda(given, settings or {}, flows, 20, added=added or Added({}))
    return {card.topic: card for card in script(agenda, settings or {}, flows, own or {})}


def test_a_card_holds_the_beginnings_of_the_students_own_words() -> None:
    made = cards({"strengths.best_at": LONG, "letter.learner": "I build things. " + LONG})
    (cue,) = made[Topic.STRENGTHS].cues
    assert LONG.startswith(cue.words.removesuffix(" …"))
    assert len(cue.words) <= LONGEST + 2
    assert made[Topic.LETTER].cues[0].words == "I build things. …"
    assert made[Topic.STRENGTHS].minutes == 4


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("short", "short"),
        ("first line\nsecond line", "first line …"),
        ("\n  \nlate line", "late line"),
        ("", ""),
        ("x" * 200, "x" * LONGEST + " …"),
        (f"One sentence? {LONG}", "One sentence? …"),
    ],
)
def test_words_are_cut_at_a_line_a_sentence_or_a_word(words: str, shown: str) -> None:
    assert short(words) == shown


def test_every_part_that_is_prepared_has_a_card_and_the_frame_too() -> None:
    assert list(cards({})) == list(Topic)
    alone = cards({"letter.learner": "I try."}, level=("letter",))
    assert set(alone) == {Topic.WELCOME, Topic.LETTER, Topic.COMMITMENTS, Topic.QUESTIONS, Topic.THANKS}


def test_a_card_in_other_words_takes_the_place_of_what_was_made() -> None:
    card = cards({"strengths.best_at": "I measured."}, own={Topic.STRENGTHS: "Start with the rope"})[Topic.STRENGTHS]
    assert card_context(card, [card], label)["words"] == text_of(card, label) == "Start with the rope"
    assert card.thin is None


def test_three_goals_share_a_card_and_what_has_no_room_is_counted() -> None:
    words = {f"goals.{asked}.{n}": f"{asked} {n}" for n in (1, 2, 3) for asked in ("wish", "was", "am")}
    card = cards(words)[Topic.GOALS]
    assert [cue.words for cue in card.cues] == ["was 1", "wish 1", "was 2", "wish 2", "was 3", "wish 3"]
    assert (len(card.cues), card.more) == (MOST, 3)
    assert card_context(card, [card], label)["words"].splitlines()[:4] == [
        "• <line.was>: was 1", "• <line.want>: wish 1", "", "• <line.was>: was 2",
    ]  # fmt: skip


def test_an_ask_stands_under_the_goal_it_is_for() -> None:
    card = cards({"goals.wish": "Start before six", "supports.who": "my mom"})[Topic.ASKS]
    assert card_context(card, [card], label)["words"] == "Start before six:\n• <line.who>: my mom"


def test_work_and_ideas_stand_on_their_cards() -> None:
    added = Added({Topic.STRENGTHS: (Piece("link", "notebook", chosen_by="Mr. Reyes"),)},
                  (Idea("supports", 1, "Ms. Okafor", "Stay until 4.\nStart one thing."),))  # fmt: skip
    made = cards({"strengths.best_at": LONG, "supports.who": "my mom"}, added=added)
    every = list(made.values())
    assert card_context(made[Topic.STRENGTHS], every, label)["works"][0]["title"] == "notebook"
    assert card_context(made[Topic.ASKS], every, label)["ideas"] == [{"by": "Ms. Okafor", "words": "Stay until 4. …"}]


def test_thin_cards_are_told_from_the_others() -> None:
    kept = Setting(develop="vague")
    made = cards(
        {"strengths.best_at": "I measured", "struggles.stuck": LONG, "goals.wish": f"{LONG} {LONG}"},
        settings={Spot("struggles", "stuck"): kept},
    )
    thin = {topic: card.thin for topic, card in made.items() if card.thin is not None}
    assert thin == {
        Topic.LETTER: Thin.EMPTY, Topic.STRENGTHS: Thin.SHORT, Topic.STRUGGLES: Thin.DEVELOP, Topic.ASKS: Thin.EMPTY,
        Topic.THANKS: Thin.EMPTY,
    }  # fmt: skip


def test_a_piece_of_work_fills_a_minute() -> None:
    works = tuple(Work("photo", f"{name}.png", f"F{name}", "") for name in "abc")
    given = {Spot("strengths", "evidence"): Given("strengths", "evidence", text="Look", evidence=works)}
    made = script(compile_agenda(given, {}, FLOWS, 20), {}, FLOWS, {})
    assert next(card for card in made if card.topic is Topic.STRENGTHS).thin is None


def test_there_is_nothing_to_practise_before_something_was_said() -> None:
    assert not something_to_say(cards({}).values())
    assert something_to_say(cards({"letter.learner": "I try."}).values())


# -- time --------------------------------------------------------------------------------------------------------------

MEETING = [Card(Topic.WELCOME, 1), Card(Topic.STRENGTHS, 4), Card(Topic.GOALS, 3), Card(Topic.THANKS, 1)]


def at(minute: float) -> datetime:
    return BEGAN + timedelta(minutes=minute)


def test_a_card_has_its_own_minutes_and_the_rest_what_is_left() -> None:
    now = left(MEETING, 1, BEGAN, at(1), at(1))
    assert (now.until, now.ends, now.minutes, now.rest, now.shorter) == (at(5), at(9), 4, 4, None)


def test_what_is_missing_a_longer_part_makes_up_for() -> None:
    late = left(MEETING, 1, BEGAN, at(2), at(2))
    assert (late.minutes, late.rest, late.shorter, late.to) == (4, 3, Topic.GOALS, 2)


def test_where_no_part_alone_can_make_up_for_it_all_share_the_time() -> None:
    late = left(MEETING, 2, BEGAN, at(7), at(7))
    assert (late.given, late.until, late.rest, late.shorter) == (1, at(8), 1, None)
    far = left(MEETING, 1, BEGAN, at(5), at(5))
    assert (far.given, far.until, far.rest, far.shorter) == (2, at(7), 2, None)


def test_when_the_time_is_up_nothing_is_left() -> None:
    late = left(MEETING, 3, BEGAN, at(10), at(10))
    assert (late.over, late.minutes, late.rest) == (True, 0, 0)
    with pytest.raises(ValueError, match="no card 4"):
        left(MEETING, 4, BEGAN, BEGAN, BEGAN)


def test_lengths_read_like_a_stopwatch() -> None:
    assert [clock(seconds) for seconds in (0, 59, 100, 3600)] == ["0:00", "0:59", "1:40", "60:00"]
