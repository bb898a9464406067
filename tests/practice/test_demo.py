from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len
from rich.console import Console

from bot.cli.main import main
from bot.practice import Fault
from bot.practice.demo import DemoError, on_stage, perform
from bot.practice.ledger import SENT, Entry, twice
from bot.practice.page import NARROW, PIPED, Page
from bot.practice.script import ScriptError, read_script

pytestmark = pytest.mark.xdist_group("demo")  # the demo is played once for all

HEAD = 'student = "noor"\n'


@pytest.fixture(scope="module")
def page() -> str:
    """All that `demo` writes into a pipe."""
    result = CliRunner().invoke(main, ["demo"], env={"COLUMNS": str(PIPED)})
    assert not result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def shown(page: str) -> str:
    """The same as one line: whatever is broken into lines is whole again."""
    return one_line(page)


def one_line(page: str) -> str:
    return " ".join(page.translate(str.maketrans("▌│", "  ")).split())


def play(*lines: str) -> Result:
    return CliRunner().invoke(main, ["demo", "--play"], input="".join(f"{line}\n" for line in lines))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.toml"
    path.write_text(text, encoding="utf-8")
    return path


def table(shown: str) -> str:
    """The closing table, and what stands after it."""
    return shown[shown.index("What was sent to whom") :]


def before(shown: str, first: str, second: str) -> bool:
    return shown.index(first) < shown.index(second)


def test_the_first_nudge_says_who_is_writing(shown: str) -> None:
    assert "Fri 16 Oct 14:30 Noor evidence Coach Hi Noor, I'm Conference Coach, a program" in shown


def test_the_agenda_stands_in_the_channel_two_school_days_before_and_not_earlier(shown: str) -> None:
    approved, posted = "It goes into your conference channel on Tuesday 8 December at 16:00", "#conf-noor-12-10"
    assert before(shown, "Mon 7 Dec 15:30 Noor approval", approved)
    assert before(shown, approved, "Tue 8 Dec 16:00 the channel agenda")
    seen = shown[shown.index("Tue 8 Dec 16:00 the channel agenda") :]
    assert posted in seen
    assert "Noor leads · Thursday 10 December, 17:30, room 12 · 20 minutes" in seen
    assert "“explaining el ciclo del agua to my little cousin and then i finally got it myself”" in seen


def test_an_idea_that_is_kept_is_on_the_agenda_and_what_adults_give_goes_to_the_student_first(shown: str) -> None:
    assert before(shown, "Mr. Reyes has an idea for you.", "Kept. It goes on the agenda, under what you asked for.")
    assert "Amal is proud of something you did." in shown


def test_the_script_is_gone_through_against_the_clock(shown: str) -> None:
    assert before(shown, "Run 1: 19:40 of 20 min", "How sure you felt: 2 before, 4 now.")
    assert before(shown, "How sure you felt", "Until 17:32 · 1 min for this, 19 for the rest")


def test_what_was_agreed_is_read_back_and_asked_about_and_the_next_quarter_begins_with_it(shown: str) -> None:
    read_back = "What we'll each do · Lo que hará cada quien • Ms. Okafor: Room 12 is open until 4"
    asked = "At your conference on Thursday 10 December, this is what you said you'd do, Noor."
    assert before(shown, read_back, asked)
    last = shown[shown.index("A new quarter, from where she was") :]
    for seen in ("Your goals, week by week", "Check-ins: from Started to Done", "on the table before 5 · not yet"):
        assert seen in last
    assert "Your next conference is on Thursday 18 March at 17:30" in last


@pytest.mark.parametrize("to", ["Noor reminder", "Amal Haddad", "the channel"])
def test_everybody_is_reminded_on_the_school_day_before(shown: str, to: str) -> None:
    assert f"Wed 9 Dec 16:00 {to}" in shown


def test_a_holiday_moves_a_nudge_or_takes_it_away(shown: str) -> None:
    assert "Wed 11 Nov – Noor check-in · waits until Thursday 12 November: Veterans Day" in shown
    assert "Thu 12 Nov 15:30 Noor check-in" in shown
    assert "Fri 27 Nov – Noor evidence · closed: Thanksgiving break" in shown


def test_work_given_on_thursday_is_not_asked_for_on_friday(shown: str) -> None:
    assert "Fri 6 Nov – Noor evidence · not needed" in shown


def test_a_check_in_put_off_comes_the_next_day(shown: str) -> None:
    assert before(shown, "[Tomorrow] ▐ Noor Coach Okay, later.", "Thu 29 Oct 15:30 Noor check-in")


def test_two_without_an_answer_are_told_to_the_advisor_who_sends_the_third(shown: str) -> None:
    assert "Theo, Kofi and Tomas left my last two reminders unanswered" in shown
    assert "[Theo] ▐ Okafor" in shown
    assert "I'm reminding Theo now." in shown


def test_a_student_without_an_account_answers_in_the_advisor_s_thread(shown: str) -> None:
    assert "Ravi [Start] · “when my uncle let me fix the bike alone”" in shown


@pytest.mark.parametrize("seen", ["8 on the way", "How far each group is.", "Hola, Amal Haddad."])
def test_digests_and_welcomes_are_shown(shown: str, seen: str) -> None:
    assert seen in shown


def test_the_work_of_october_is_one_tap_away_in_december(shown: str) -> None:
    assert "[timeline.jpg · 23 Oct] ▐ Noor" in shown


@pytest.mark.parametrize("kept_back", ["sueño. im up until 11", "me da pena"])
def test_what_is_not_on_the_agenda_is_not_in_the_channel(shown: str, kept_back: str) -> None:
    conversation, _, views = shown.rpartition("in the conference's channel")
    assert kept_back in conversation
    assert kept_back not in views


def test_a_probe_an_edit_a_skip_and_a_resume_are_seen(shown: str) -> None:
    assert "idk ▐ Noor" in shown
    assert "(edited)" in shown
    assert "[Skip for now]" in shown
    assert "Back where she stopped." in shown


@pytest.mark.parametrize(
    "line",
    [
        "Fri 16 Oct 14:30 Noor evidence every Friday answered",
        "Wed 28 Oct 15:30 Noor check-in every Wednesday put off",
        "Thu 29 Oct 15:30 Noor check-in put off till then answered",
        "Fri 30 Oct 14:30 Noor evidence every Friday no answer",
        "Fri 6 Nov – Noor evidence every Friday not needed",
        "Tue 8 Dec 16:00 the channel agenda 2 school days before sent",
    ],
)
def test_the_closing_table_says_what_was_sent_to_whom_why_and_what_came_of_it(shown: str, line: str) -> None:
    assert line in table(shown)


def test_the_closing_table_counts_what_went_to_others(shown: str) -> None:
    assert "families: 12 sent" in table(shown)
    assert "stopped: unanswered" in table(shown)


def test_it_ends_with_what_came_of_it(page: str) -> None:
    stored, sent, agenda = page.splitlines()[-3:]
    assert stored.startswith("✓ Stored")
    assert "each exactly once; nothing waits" in sent
    assert "pinned in #conf-noor-12-10" in agenda


def test_what_the_readme_shows_is_what_it_says(page: str) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```text\n")[2].partition("```")[0].splitlines()
    there = {line.rstrip() for line in page.splitlines()} | {"", "…"}
    assert [line for line in shown if line not in there] == []


def test_a_pipe_gets_plain_text_that_fits(page: str) -> None:
    assert "\x1b" not in page
    assert max(cell_len(line) for line in page.splitlines()) <= PIPED


SHORT = (
    HEAD
    + """
starts = 2026-12-07T15:00:00
ends = 2026-12-08T16:30:00

[[scene]]
at = 2026-12-07T15:40:00
steps = [{ taps = "Start" }, { taps = "Start" }, { says = "when i draw it first" }, { says = "menu" }]

[[scene]]
steps = [{ taps = "Your agenda" }, { taps = "What I'm good at" }, { taps = "That's my agenda" }]
"""
)


def short(tmp_path: Path, more: str = "", *faults: str) -> tuple[str, DemoError | None]:
    """A play of two days on the narrowest page: what is written, and what it ends with."""
    paper, script = io.StringIO(), read_script(written(tmp_path, SHORT + more))
    with on_stage(script.away, script.guests, script.starts) as here:
        for method in faults:
            here.workspace.fault(method, Fault.refused("restricted_action"), times=None)
        try:
            perform(here, script, Page(Console(file=paper, width=NARROW)))
        except DemoError as error:
            return paper.getvalue(), error
    return paper.getvalue(), None


def test_the_narrowest_page_is_wide_enough(tmp_path: Path) -> None:
    page, error = short(tmp_path)
    assert error is None
    assert "Tue  8 Dec 16:00  the channel  agenda" in page
    assert max(cell_len(line) for line in page.splitlines()) <= NARROW


def test_a_channel_that_slack_does_not_allow_is_a_failure(tmp_path: Path) -> None:
    page, error = short(tmp_path, "", "conversations.create")
    assert "✗ Agenda  not in the channel yet" in page
    assert "did not arrive" in str(error)


def test_time_only_passes(tmp_path: Path) -> None:
    script = written(tmp_path, SHORT + "[[scene]]\nat = 2026-12-07T15:30:00\nsteps = []\n")
    with pytest.raises(ScriptError, match=r"script.toml: .*scene\.2\.at: 2026-12-07 15:30:00 is before"):
        read_script(script)


def test_who_is_not_there_is_named_with_the_place(tmp_path: Path) -> None:
    script = written(tmp_path, HEAD + 'answering = ["nobody"]\n[[scene]]\nwho = "ravi"\nsteps = []\n')
    result = CliRunner().invoke(main, ["demo", "--script", str(script)])
    assert result.exit_code == 1
    assert "answering.0: nobody with the id “nobody”" in result.stderr
    assert "scene.0.who: nobody with the id “ravi”" in result.stderr


def test_what_came_twice_is_named() -> None:
    once = Entry(datetime(2026, 10, 16, 14, 30, tzinfo=UTC), "Noor", "evidence", "every Friday", SENT, True)
    later = replace(once, at=once.at + timedelta(hours=1))
    assert twice([once, later]) == [later]
    assert twice([once, replace(once, at=once.at + timedelta(days=7))]) == []
    assert twice([once, replace(later, sent=False)]) == []


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
    told = play(
        "1", "when i draw it first", "skip", "skip", "skip", "menu", "7", "1", "/who 1 3", "/who 1 1", "1", "/wait 9"
    )
    assert "Noor leads · Thursday 10 December" in told.stdout
    assert "✓ Agenda" in told.stdout
