"""The real flows, labels and templates: what a family and a student read, in both languages."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import pytest

from bot.conference.agenda import (
    LINE_LABELS,
    Added,
    Agenda,
    Idea,
    Meeting,
    Piece,
    agenda_context,
    compile_agenda,
    frame,
)
from bot.conference.answers import Given, Setting, Spot
from bot.conference.minutes import Topic
from bot.conference.review import Audience, review, review_context, review_end_context
from bot.dialogue.flow import Flow, parse_flow
from bot.dialogue.state import Work
from prompts import Catalog
from prompts.markdown import Document, Heading, Paragraph, Slot, Words, plain
from tests.conference.said import spot

LANGUAGES = ("en", "es")
LENGTHS = (10, 15, 20, 30)
AUDIENCE = Audience("Ms. Okafor", ("Mr. Reyes",), ("Amal Haddad", "Yusuf Haddad", "Ms. Okafor", "Mr. Reyes"))
TIMELINE = Work("photo", "football-field timeline", "F1", "https://files.test/F1")
SAID = {
    "letter.learner": "Things click for me when I explain them to Yusuf.",
    "strengths.best_at": "I measured the scale for the timeline of the universe on the football field.",
    "struggles.stuck": "homework",
    "struggles.tried": "putting my phone in the hall",
    "struggles.ideas_on": "Getting started when I get home.",
    "goals.wish": "start before six",
    "goals.was": "i started at eight",
    "goals.am": "i start at seven",
    "goals.obstacle": "i tell myself five more minutes",
    "goals.plan": "if my phone buzzes then i turn it over",
    "supports.who": "my mom",
    "supports.how": "ask me for my phone when i get home",
    "gratitude.thanks": "Thank you Theo for waiting for me.",
}
ADDED = Added(
    {Topic.STRENGTHS: (Piece("described", "lab notebook p. 12", chosen_by="Mr. Reyes"),)},
    (
        Idea("struggles", 1, "Ms. Okafor", "stay in room 12 until 4, start one thing there."),
        Idea("struggles", 1, "Mom", "phone in the kitchen till six."),
    ),
)


@cache
def catalog() -> Catalog:
    return Catalog.load()


@cache
def flows(language: str) -> dict[str, Flow]:
    names = catalog().flow_names(language)
    return {name: parse_flow(name, catalog().flow(language, name), f"{language}/flows/{name}.toml") for name in names}


def sample() -> dict[Spot, Given]:
    given = {spot(place): Given(*spot(place), text=text) for place, text in SAID.items()}
    evidence, wanted = spot("strengths.evidence"), spot("struggles.want_ideas")
    return {
        **given,
        evidence: Given(*evidence, evidence=(TIMELINE,)),
        wanted: Given(*wanted, text="Yes", choices=("yes",)),
    }


def noors(language: str, minutes: int = 20) -> Agenda:
    return compile_agenda(sample(), {}, flows(language), minutes, added=ADDED)


def render(language: str, name: str, agenda: Agenda, minutes: int = 20, **more: Any) -> Document:
    meeting = Meeting("Noor", "2026-12-10", "17:30", minutes, "room 12")
    context = agenda_context(agenda, meeting, partial(catalog().label, language))
    return catalog().render(language, name, {**context, **more})


def lines(document: Document) -> list[str]:
    return plain(document).splitlines()


def test_the_agenda_a_family_sees_in_english() -> None:
    assert lines(render("en", "agenda", noors("en"))) == [
        "Noor leads · Thursday 10 December, 17:30, room 12 · 20 minutes",
        "1 Welcome (1) · 2 Who I am as a learner (1) · 3 What I'm good at (4) · 4 Where I get stuck (3) · "
        "5 My goals (3) · 6 Ideas I'd like (4) · 7 What we'll each do (2) · 8 Your questions (1) · 9 Thanks (1)",
        "1 · Welcome (1 min)",
        "Noor says hello, says who is here, and tells you the plan.",
        "2 · Who I am as a learner (1 min)",
        "“Things click for me when I explain them to Yusuf.”",
        "3 · What I'm good at (4 min)",
        "“I measured the scale for the timeline of the universe on the football field.”",
        "Work: football-field timeline (https://files.test/F1), photo (I chose this) · "
        "lab notebook p. 12 (Mr. Reyes chose this)",
        "4 · Where I get stuck (3 min)",
        "“homework”",
        "What I've tried: putting my phone in the hall",
        "5 · My goals (3 min)",
        "Where I was: i started at eight",
        "Where I am: i start at seven",
        "What I want: start before six",
        "My plan: if my phone buzzes then i turn it over",
        "6 · Ideas I'd like (4 min)",
        "Ideas wanted: Getting started when I get home.",
        "Ms. Okafor: stay in room 12 until 4, start one thing there. · Mom: phone in the kitchen till six.",
        "For: start before six",
        "Who could help: my mom",
        "How and when: ask me for my phone when i get home",
        "7 · What we'll each do (2 min)",
        "Each of us says what we will do, and by when. Noor reads it back.",
        "8 · Your questions (1 min)",
        "Family, ask Noor what you want to know.",
        "9 · Thanks (1 min)",
        "“Thank you Theo for waiting for me.”",
        "Adults: this is Noor's meeting. Listen first; your turn starts at 6.",
    ]


def test_the_agenda_a_family_sees_in_spanish() -> None:
    seen = lines(render("es", "agenda", noors("es")))
    assert seen[0] == "Noor dirige · jueves 10 de diciembre, 17:30, room 12 · 20 minutos"
    assert seen[1].startswith("1 Bienvenida (1) · 2 Cómo aprendo (1) · 3 Lo que me sale bien (4)")
    assert (
        "Trabajo: football-field timeline (https://files.test/F1), foto (lo escogí yo) · "
        "lab notebook p. 12 (lo escogió Mr. Reyes)"
    ) in seen
    assert "Para: start before six" in seen
    assert seen[-1] == "Adultos: esta reunión es de Noor. Primero escuchen; su turno empieza en el punto 6."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("minutes", LENGTHS)
def test_an_agenda_of_any_length_has_a_heading_contents_and_every_part(language: str, minutes: int) -> None:
    agenda = noors(language, minutes)
    document = render(language, "agenda", agenda, minutes)
    assert isinstance(document.parts[0], Heading)
    assert sum(part.minutes for part in agenda.sections) == minutes
    titles = [catalog().label(language, f"section.{part.section}") for part in agenda.sections]
    seen = lines(document)
    assert all(
        f"{title} ({part.minutes} min)" in " ".join(seen) for title, part in zip(titles, agenda.sections, strict=True)
    )
    assert len(document.parts) <= 50


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_structure_is_the_same_in_every_language(language: str) -> None:
    kinds = [type(part) for part in render(language, "agenda", noors(language)).parts]
    assert kinds == [type(part) for part in render("en", "agenda", noors("en")).parts]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_frame_has_none_of_the_students_words(language: str) -> None:
    document = render(language, "agenda_frame", frame(20))
    assert not [part for part in document.parts if isinstance(part, Words)]
    assert "Noor" in plain(document)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("minutes", [1, *LENGTHS])
def test_an_empty_agenda_says_what_happens_in_every_part(language: str, minutes: int) -> None:
    document = render(language, "agenda", frame(minutes), minutes)
    told = [plain(Document((part,))).splitlines() for part in document.parts if isinstance(part, Paragraph)]
    assert [len(lines) for lines in told if lines[0][:1].isdigit() and "min)" in lines[0]] == [2] * len(
        frame(minutes).sections
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("approved", [True, False])
@pytest.mark.parametrize("who", [[], ["Amal Haddad", "Mr. Reyes"]])
def test_the_preview_says_who_will_see_it_and_is_the_agenda(language: str, approved: bool, who: list[str]) -> None:
    seen = lines(render(language, "preview", noors(language), who=who, approved=approved))
    assert all(name in seen[0] for name in who)
    assert seen[2:] == lines(render(language, "agenda", noors(language)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_naughty_words_stay_verbatim_and_in_blocks_of_their_own(language: str) -> None:
    text = "<!channel> *bold* `code` [x](https://evil.test) {{ 7*7 }}\n# heading\n\n- item </script> 😀"
    place = spot("strengths.best_at")
    document = render(language, "agenda", compile_agenda({place: Given(*place, text=text)}, {}, flows(language), 20))
    assert [part.text for part in document.parts if isinstance(part, Words)] == [f"“{text}”"]
    assert not any(text in plain(Document((part,))) for part in document.parts if not isinstance(part, Words))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_line_under_review_has_its_controls_right_after_it(language: str) -> None:
    settings = {spot("struggles.stuck"): Setting(held_reason="let's talk first")}
    for part in review(sample(), settings, flows(language)):
        context = review_context(part, AUDIENCE, partial(catalog().label, language))
        document = catalog().render(language, "review_section", context)
        slots = [block.name for block in document.parts if isinstance(block, Slot)]
        words = [block.text for block in document.parts if isinstance(block, Words)]
        assert slots == [f"item-{line.n}" for line in part.lines]
        assert words == [line.words for line in part.lines if line.words]
        assert len(document.parts) <= 50


def test_a_line_under_review_says_who_will_see_it() -> None:
    settings = {spot("struggles.stuck"): Setting(held_reason="let's talk first")}
    seen = [
        line
        for part in review(sample(), settings, flows("en"))
        for line in lines(
            catalog().render("en", "review_section", review_context(part, AUDIENCE, partial(catalog().label, "en")))
        )
    ]
    assert "What's on the agenda is for Amal Haddad, Yusuf Haddad, Ms. Okafor and Mr. Reyes." in seen
    assert "On the agenda." in seen
    assert "Not on the agenda. Ms. Okafor can read it." in seen
    assert "Held back by Ms. Okafor: let's talk first" in seen
    assert "Work: football-field timeline (https://files.test/F1), photo" in seen


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("on", "off"), [(0, 0), (0, 3), (1, 0), (1, 1), (9, 4)])
def test_the_end_of_the_review_offers_to_approve(language: str, on: int, off: int) -> None:
    context = {**review_end_context((), AUDIENCE, "Noor"), "on": on, "off": off}
    document = catalog().render(language, "review_end", context)
    assert document.parts[-1] == Slot("approve")
    assert ("Amal Haddad" in plain(document)) == (on > 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_labelled_line_has_a_label_and_is_a_question_of_its_flow(language: str) -> None:
    for (flow, question), key in LINE_LABELS.items():
        assert catalog().label(language, key)
        assert flows(language)[flow].question(question)
