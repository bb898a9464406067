"""`prompts check`: each kind of mistake in a school's folder is named with its file and remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.prompts_check import broken_prompts, check_prompts
from bot.readability import grade
from tests.prompts.folders import lay

Check = Callable[[Mapping[str, str]], str]

FLOW = """
title = "Strengths"
about = "What goes well."
[[question]]
id = "best_at"
ask = "{ask}"
probes = ["{probe}"]
"""


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """The problems that name a file of the folder, one a line, with paths as within the folder."""

    def run(files: Mapping[str, str]) -> str:
        problems = check_prompts([lay(tmp_path, files)])
        return "\n".join(problem.replace(f"{tmp_path}/", "") for problem in problems if str(tmp_path) in problem)

    return run


def flow(ask: str = "What?", probe: str = "empty") -> dict[str, str]:
    return {"en/flows/strengths.toml": FLOW.format(ask=ask, probe=probe)}


def test_a_file_of_no_known_kind(check: Check) -> None:
    assert "en/message/hello.md.j2: not a file that is read" in check({"en/message/hello.md.j2": "Hi"})


def test_a_file_outside_the_folder_of_a_language(check: Check) -> None:
    assert "labels.toml: not a file that is read" in check({"labels.toml": ""})


def test_what_would_keep_something_from_being_said_is_told_apart(tmp_path: Path) -> None:
    assert broken_prompts([lay(tmp_path, {"fr/labels.toml": "", "en/messages/later.md.j2": "You are the best!"})]) == []
    assert any("no label 'button.back'" in one for one in broken_prompts([lay(tmp_path, {"en/labels.toml": ""})]))
    lay(tmp_path, {"en/messages/hello.md.j2": "{{ name "})
    assert any("hello.md.j2: line 1" in one for one in broken_prompts([tmp_path]))


def test_broken_toml(check: Check) -> None:
    assert "en/labels.toml: " in check({"en/labels.toml": "[button\n"})


def test_an_unreachable_question(check: Check) -> None:
    unreachable = flow()["en/flows/strengths.toml"] + 'when = { question = "later", answered = ["yes"] }\n'
    assert "can never be reached" in check({"en/flows/strengths.toml": unreachable})


def test_a_probe_that_is_no_rule(check: Check) -> None:
    assert "question 'best_at': probe 'nope' is no rule" in check(flow(probe="nope"))


def test_a_question_that_uses_a_value_it_is_not_given(check: Check) -> None:
    found = check(flow(ask="Hi {{ surname }}"))
    assert "question 'best_at', ask (elementary)" in found
    assert "'surname' is undefined" in found


def test_a_question_one_language_lacks_or_asks_otherwise(check: Check) -> None:
    spanish = FLOW.format(ask="¿Qué?", probe="label").replace("best_at", "other")
    found = check({**flow(), "es/flows/strengths.toml": spanish})
    assert "es/flows/strengths.toml: questions other, but en asks best_at" in found


def test_a_question_with_another_visibility(check: Check) -> None:
    spanish = FLOW.format(ask="¿Qué?", probe="empty") + 'visible = "conference"\n'
    found = check({**flow(), "es/flows/strengths.toml": spanish})
    assert "question 'best_at': visible is conference, but en has advisor" in found


def test_a_value_a_message_is_not_given_even_in_a_branch_not_taken(check: Check) -> None:
    found = check({"en/messages/paused.md.j2": "Paused.{% if student == 'x' %}{{ teacher }}{% endif %}"})
    assert "en/messages/paused.md.j2: uses 'teacher', which this message is not given; it has student" in found


def test_names_a_template_sets_itself_are_its_own(check: Check) -> None:
    template = "{% set who = student %}{% for x in [1] %}{{ who }}{{ loop.index }}{{ x }}{% endfor %} paused."
    assert check({"en/messages/paused.md.j2": template}) == ""


def test_a_template_that_does_not_parse(check: Check) -> None:
    assert "en/messages/paused.md.j2: line 2:" in check({"en/messages/paused.md.j2": "Paused\n{% if %}"})


def test_a_message_nobody_says(check: Check) -> None:
    assert "en/messages/greeting.md.j2: no message of this name" in check({"en/messages/greeting.md.j2": "Hi"})


def test_a_message_that_says_nothing_in_one_case(check: Check) -> None:
    found = check({"en/messages/home_stranger.md.j2": "{% if coordinator %}Ask {{ coordinator }}.{% endif %}"})
    assert "nothing to read for one of its contexts" in found


def test_signs_around_a_students_words(check: Check) -> None:
    found = check({"en/messages/safety_opened.md.j2": '{{ student }}:\n"{{ said[0].text | words }}"'})
    assert "a line of only '\"'" in found


def test_a_heading_too_long_for_slack(check: Check) -> None:
    assert "a heading of" in check({"en/messages/paused.md.j2": f"# {'long ' * 40}"})


def test_more_than_one_emoji(check: Check) -> None:
    assert "more than one emoji" in check({"en/messages/paused.md.j2": "Paused 🎉 see you 👋"})


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "You're so smart.", "smart"),
        ("en", "Awesome work.", "Awesome"),
        ("en", "This stays private.", "private"),
        ("es", "¡Eres muy lista!", "Eres muy lista"),
        ("es", "¡Fantástico!", "Fantástico"),
    ],
)
def test_praise_of_the_person_and_superlatives(check: Check, language: str, text: str, found: str) -> None:
    assert f"says '{found}'" in check({f"{language}/messages/paused.md.j2": text})


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "You named what you did at your best. The start is smarting."), ("es", "¿Listo? Tus metas están listas.")],
)
def test_plain_words_are_no_praise(check: Check, language: str, text: str) -> None:
    assert check({f"{language}/messages/paused.md.j2": text}) == ""


def test_labels_too_long_empty_or_unfit_for_a_channel(check: Check) -> None:
    buttons = f'[button]\nstart = "{"x" * 76}"\nnext = ""\n'
    labels = buttons + f'[modal]\nchange = "{"x" * 25}"\n[channel]\nname = "Conf {{{{ x }}}}"\n'
    found = check({"en/labels.toml": labels})
    assert "label 'button.start' has 76 characters; Slack shows 75 there" in found
    assert "label 'button.next' is empty" in found
    assert "label 'modal.change' has 25 characters; Slack shows 24 there" in found
    assert "label 'channel.name': a channel's name has only" in found


def test_labels_that_differ_between_languages(check: Check) -> None:
    found = check(
        {
            "en/labels.toml": '[a]\none = "One"\ntwo = "{{ x }} two"\n',
            "es/labels.toml": '[a]\ntwo = "dos"\nthree = "tres"\n',
        }
    )
    assert "es/labels.toml: no label 'a.one'" in found
    assert "es/labels.toml: label 'a.three' is not in en" in found
    assert "label 'a.two' uses [], but en uses ['x']" in found


def test_a_lexicon_and_safety_lists_with_gaps(check: Check) -> None:
    found = check({"es/lexicon.toml": "filler = ['eh']\n", "es/safety.toml": "[look]\nphrases = []\n"})
    assert "es/lexicon.toml: " in found
    assert "es/lexicon.toml: rule 'blame' is in one of en and es only" in found
    assert "es/safety.toml: no phrases under 'look'" in found


HARD = {
    "en": "Notwithstanding considerable organizational complications, participants collaboratively contextualize "
    "developmental expectations throughout institutional conversations.",
    "es": "No obstante las considerables complicaciones organizativas institucionales, quienes participan "
    "contextualizan colaborativamente las expectativas correspondientes al desarrollo socioemocional.",
}


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_family_message_that_is_hard_to_read(check: Check, language: str) -> None:
    found = check({f"{language}/messages/adult_dm.md.j2": f"{{{{ name }}}}: {HARD[language]}"})
    assert f"{language}/messages/adult_dm.md.j2: reads at grade" in found


@pytest.mark.parametrize(
    ("language", "easy"),
    [
        ("en", ["Noor leads this talk.", "Listen first. Then ask what you want to know."]),
        ("es", ["Noor guía esta charla.", "Primero escucha. Luego pregunta lo que quieras saber."]),
    ],
)
def test_plain_sentences_are_easy(language: str, easy: list[str]) -> None:
    assert (grade(easy, language) or 0) <= 6
    assert (grade([HARD[language]], language) or 0) > 6


def test_a_language_without_a_formula_has_no_grade() -> None:
    assert grade(["Noor leitet dieses Treffen."], "de") is None
