"""What counts as an ask, who may see it, and whom it names."""

from __future__ import annotations

import pytest

from bot.conference.answers import Given, Setting, Spot
from bot.conference.asks import Ask, Kin, asks, names, theirs_first
from bot.dialogue.flow import Flow, Visibility
from bot.words import Words

ON, IDEAS = Spot("supports", "ideas_on"), Spot("supports", "ideas")
ASK = "what to say when I'm not sure"


@pytest.fixture(scope="module")
def flows() -> dict[str, Flow]:
    words = Words.load(hears=False)
    return {name: words.flow("en", name) for name in ("struggles", "goals", "supports")}


def given(**answers: str) -> dict[Spot, Given]:
    """An ask about the first goal, with "yes, ask them", and what else is named: "supports__who"."""
    found = {ON: Given(*ON, text=ASK), IDEAS: Given(*IDEAS, choices=("yes",))}
    for name, text in answers.items():
        spot = Spot(*name.split("__"))
        found[spot] = Given(*spot, text=text)
    return found


@pytest.mark.parametrize(
    ("setting", "visible"),
    [
        (Setting(), Visibility.CONFERENCE),
        (Setting(visible=Visibility.TEACHERS), Visibility.TEACHERS),
        (Setting(visible=Visibility.ADVISOR), Visibility.ADVISOR),
        (Setting(develop="blame"), Visibility.ADVISOR),
        (Setting(develop="blame", visible=Visibility.CONFERENCE), Visibility.CONFERENCE),
        (Setting(develop="label"), Visibility.CONFERENCE),
        (Setting(held_reason="let's talk first"), None),
    ],
)
def test_an_ask_is_seen_by_whom_the_student_shows_it_to(
    flows: dict[str, Flow], setting: Setting, visible: Visibility | None
) -> None:
    assert [one.visible for one in asks(given(), {ON: setting}, flows)] == ([visible] if visible else [])


@pytest.mark.parametrize(
    "changed",
    [{IDEAS: Given(*IDEAS, choices=("no",))}, {ON: Given(*ON, alarm="look")}, {ON: Given(*ON)}],
    ids=["no, that's enough", "flagged", "withdrawn"],
)
def test_nothing_is_an_ask_that_the_student_does_not_ask(flows: dict[str, Flow], changed: dict[Spot, Given]) -> None:
    assert list(asks({**given(), **changed}, {}, flows)) == []


def test_what_is_not_for_everyone_is_not_told_beside_an_ask(flows: dict[str, Flow]) -> None:
    said = given(goals__wish="raise my hand", supports__who="Ms. Lind", supports__how="ask me on Tuesdays")
    (whole,) = asks(said, {}, flows)
    assert (whole.goal, whole.who, whole.how) == ("raise my hand", "Ms. Lind", "ask me on Tuesdays")
    off = Setting(visible=Visibility.ADVISOR)
    (less,) = asks(said, {Spot("goals", "wish"): off, Spot("supports", "how"): Setting(held_reason="no")}, flows)
    assert (less.goal, less.who, less.how) == ("", "Ms. Lind", "")


@pytest.mark.parametrize(
    ("who", "adult", "named"),
    [
        ("I'd like to ask ms lind", "Ms. Lind", True),
        ("Mr. Reyes and my mom", "Mr. Reyes", True),
        ("mi papá o la maestra peña", "Sra. Peña", True),
        ("amal", "Amal Haddad", True),
        ("someone at home", "Amal Haddad", False),
        ("Yusuf Haddad", "Amal Haddad", False),
        ("Miss Reyes", "Miss Lind", False),
        ("a blinding light", "Ms. Lind", False),
        ("", "Ms. Lind", False),
    ],
)
def test_an_adult_is_named_by_a_part_of_their_name_that_is_not_the_students_too(
    who: str, adult: str, named: bool
) -> None:
    assert names(who, adult, "Noor Haddad") is named


def test_how_somebody_could_help_is_said_to_whom_it_is_asked_of() -> None:
    one, other = (
        Ask("supports", n, ASK, Visibility.CONFERENCE, who=who, how="ask me")
        for n, who in ((1, "mom"), (2, "Ms. Lind"))
    )
    assert [(ask.round, ask.named, ask.how) for ask in theirs_first([one, other], "Ms. Lind", "Noor Haddad")] == [
        (2, True, "ask me"),
        (1, False, ""),
    ]


@pytest.mark.parametrize(
    ("who", "alone", "named", "how"),
    [
        ("my mom", True, True, "text me"),
        ("mi mamá o Ms. Lind", True, True, "text me"),
        ("my brother", True, True, "text me"),
        ("my mom", False, False, "my mom: text me"),
        ("my parents", False, True, "text me"),
        ("Ms. Lind", True, False, ""),
    ],
)
def test_a_word_for_the_family_means_its_adults_as_far_as_it_is_plain(
    who: str, alone: bool, named: bool, how: str
) -> None:
    kin = Kin(frozenset({"mom", "mamá", "brother"}), frozenset({"parents"}), alone)
    one = Ask("supports", 1, ASK, Visibility.CONFERENCE, who=who, how="text me")
    (told,) = theirs_first([one], "Amal Haddad", "Noor Haddad", kin)
    assert (told.named, told.how) == (named, how)
