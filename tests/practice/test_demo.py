from __future__ import annotations

import io
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len
from rich.console import Console

from bot.cli import main
from bot.practice import Fault
from bot.practice.demo import DemoError, on_stage, packaged, perform
from bot.practice.page import NARROW, Page
from bot.practice.script import ScriptError, read_script

HEAD = 'student = "noor"\n'


@pytest.fixture(scope="module")
def page() -> str:
    """All that `demo` writes, on the narrowest page."""
    result = CliRunner().invoke(main, ["demo"], env={"COLUMNS": str(NARROW)})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def shown(page: str) -> str:
    """The same as one line: whatever is broken into lines is whole again."""
    return " ".join(page.translate(str.maketrans("▌│", "  ")).split())


def play(*lines: str) -> Result:
    return CliRunner().invoke(main, ["demo", "--play"], input="".join(f"{line}\n" for line in lines))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_agenda_stands_in_the_channel_in_the_student_s_words(shown: str) -> None:
    seen = shown[shown.index("in the conference's channel") :]
    assert "#conf-noor-12-10" in seen
    assert "Noor leads · Thursday 10 December, 17:30, room 12 · 20 minutes" in seen
    assert "one step is 100 million years" in seen
    assert "gracias mina for not laughing" in seen


@pytest.mark.parametrize("kept_back", ["sueño. im up until 11", "me da pena", "lunch with mina lol"])
def test_what_is_not_on_the_agenda_is_not_in_the_channel(shown: str, kept_back: str) -> None:
    conversation, _, views = shown.partition("what each of them sees")
    assert kept_back in conversation
    assert kept_back not in views


def test_a_probe_an_edit_a_skip_and_a_resume_are_seen(shown: str) -> None:
    assert "idk ▐ Noor" in shown
    assert "(edited)" in shown
    assert "[Skip for now] ▐ Noor" in shown
    assert "three days later · Thursday 3 December" in shown
    assert "[Go on] ▐ Noor" in shown


def test_the_advisor_learns_who_could_not_be_invited(shown: str) -> None:
    assert "Yusuf Haddad isn't on Slack yet." in shown
    assert "Ms. Lind is a guest on Slack" in shown


def test_it_ends_with_what_came_of_it(page: str) -> None:
    stored, sent, agenda = page.splitlines()[-3:]
    assert stored.startswith("✓ Stored")
    assert "each exactly once; nothing waits" in sent
    assert "pinned in #conf-noor-12-10" in agenda


def test_a_pipe_gets_plain_text_that_fits(page: str) -> None:
    assert "\x1b" not in page
    assert max(cell_len(line) for line in page.splitlines()) <= NARROW


def test_a_channel_that_slack_does_not_allow_is_a_failure() -> None:
    paper, script = io.StringIO(), packaged()
    with on_stage(script.away, script.guests) as here:
        here.workspace.fault("conversations.create", Fault.refused("restricted_action"), times=None)
        with pytest.raises(DemoError, match="did not arrive"):
            perform(here, script, Page(Console(file=paper, width=NARROW)))
    assert "✗ Agenda  not in the channel yet" in paper.getvalue()


def test_a_play_without_an_agenda_ends_with_1_and_a_clear_line(tmp_path: Path) -> None:
    script = written(tmp_path, HEAD + '[[scene]]\ntitle = "Hello"\nsteps = [{ taps = "Start" }]\n')
    result = CliRunner().invoke(main, ["demo", "--script", str(script)])
    assert result.exit_code == 1
    assert result.stderr.startswith("The agenda did not arrive in the conference's channel.")


def test_a_script_that_taps_what_is_not_there_says_where(tmp_path: Path) -> None:
    script = written(tmp_path, HEAD + '[[scene]]\ntitle = "Hello"\nsteps = [{ taps = "Begin" }]\n')
    result = CliRunner().invoke(main, ["demo", "--script", str(script)])
    assert result.exit_code == 1
    assert "Hello, step 1: There is no button [Begin] where Noor is. There is [Start]" in result.stderr


def test_every_fault_of_a_script_is_told(tmp_path: Path) -> None:
    script = written(tmp_path, HEAD + '[[scene]]\nsteps = [{ shouts = "hi" }, { says = "a", waits = 1 }]\n')
    with pytest.raises(ScriptError) as told:
        read_script(script)
    assert "scene.0.steps.0.shouts" in str(told.value)
    assert "scene.0.steps.1" in str(told.value)


def test_the_reader_answers_by_number_by_label_and_in_words() -> None:
    result = play("3", "", "start", "idk", "last week i tried to teach it to my cousin", "/quit", "never read")
    assert result.exit_code == 0
    assert "A student-led conference is a meeting that you run." in result.stdout
    assert "What are you learning right now?" in result.stdout
    assert "never read" not in result.stdout
    assert "\x1b" not in result.stdout


def test_the_reader_may_change_the_last_message_and_let_days_go_by() -> None:
    result = play("1", "when i draw it first", "/edit when i draw it", "/wait 2", "/home")
    assert result.exit_code == 0
    assert "(edited)" in result.stdout
    assert "two days later · Wednesday 2 December" in result.stdout
    assert "◐ Your letter" in result.stdout


def test_what_cannot_be_done_is_said_and_nothing_ends() -> None:
    result = play("/edit", "/who 1 1", "/change x", "/agenda", "1")
    assert result.exit_code == 0
    assert "Type the new words after /edit" in result.stdout
    assert result.stdout.count("Name a line of the review by its number") == 2
    assert "There is no agenda in a channel yet." in result.stdout
    assert "Your letter · 1 of 4" in result.stdout


def test_the_reader_can_go_all_the_way_to_the_agenda() -> None:
    told = play("1", "when i draw it first", "skip", "skip", "skip", "menu", "7", "1", "/who 1 3", "/who 1 1", "1")
    assert "Noor leads · Thursday 10 December" in told.stdout
    assert "✓ Agenda" in told.stdout
