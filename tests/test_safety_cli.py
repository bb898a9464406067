"""`conference-coach prompts safety`: the figures, what was missed, and a school's own lists laid over ours."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import prompts
from bot.cli.main import main

PACKAGED = Path(prompts.__file__).parent


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["prompts", "safety", *arguments])


def own(folder: Path, language: str, name: str, text: str) -> Path:
    (folder / "prompts" / language).mkdir(parents=True, exist_ok=True)
    (folder / "prompts" / language / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def printed() -> Result:
    return run()


def test_recall_and_false_alarms_are_printed_for_each_table_of_both_languages(printed: Result) -> None:
    assert printed.exit_code == 0
    heads = [line.partition(":")[0] for line in printed.output.splitlines() if line.endswith("sentences")]
    held_out = ("first", "second", "ordinary", "ordinary_second", "ordinary_third", "ordinary_last")
    assert heads == [
        f"{language}, {table}"
        for language in ("en", "es")
        for table in ("tuned (the lists are mended by it)", *(f"{name} (held out)" for name in held_out))
    ]
    assert printed.output.count("%) false alarms") == 14


def test_what_was_missed_of_the_held_out_is_listed(printed: Result) -> None:
    assert "missed, explicit: please dont let me wake up" in printed.output
    assert "missed, explicit: i want to die" not in printed.output


def test_a_schools_own_lists_that_notice_too_little_are_told_by_the_exit_code(tmp_path: Path) -> None:
    alone = 'explicit = ["zebra"]\nlook = ["giraffe"]\nidioms = ["a zebra"]\n'
    folder = own(own(tmp_path, "en", "safety.toml", alone), "es", "safety.toml", alone)
    told = run(str(folder))
    assert told.exit_code == 1
    assert "notice too little" in told.output
    assert "missed, explicit: i want to die" in told.output


def test_a_schools_own_lists_that_are_too_wide_are_told_by_the_exit_code(tmp_path: Path) -> None:
    ours = (PACKAGED / "en" / "safety.toml").read_text(encoding="utf-8")
    told = run(str(own(tmp_path, "en", "safety.toml", ours.replace("look = [", 'look = ["math", "my", "i",', 1))))
    assert told.exit_code == 1
    assert "false alarm: math is killing me" in told.output


def test_a_schools_own_sentences_take_the_place_of_ours(tmp_path: Path) -> None:
    table = '[[table]]\nname = "ours"\nheld_out = true\nexplicit = ["i want to die"]\nlook = ["kms"]\nnone = ["hi"]\n'
    told = run(str(own(tmp_path, "en", "safety_sentences.toml", table)))
    assert told.output.startswith("en, ours (held out): 3 sentences\n  explicit  1 of 1 (100.0%) noticed, 1 as at once")
    assert "es, tuned" in told.output


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[table]]\nname = "ours"\nheld_out = false\n', "table.0.explicit: Field required"),
        ("[[table]\n", "mend the TOML there"),
    ],
)
def test_sentences_that_cannot_be_read_are_named(tmp_path: Path, text: str, says: str) -> None:
    told = run(str(own(tmp_path, "en", "safety_sentences.toml", text)))
    assert told.exit_code == 1
    assert "safety_sentences.toml" in told.output
    assert says in told.output


def test_a_folder_without_prompts_is_refused(tmp_path: Path) -> None:
    told = run(str(tmp_path))
    assert told.exit_code == 1
    assert "There are no prompts here" in told.output


def test_the_sentences_are_in_the_package() -> None:
    for language in ("en", "es"):
        found = importlib.resources.files("prompts") / language / "safety_sentences.toml"
        assert "held_out = true" in found.read_text(encoding="utf-8")
