"""The dated file: what was measured is in it, and nothing that tells whose machine it was."""

from __future__ import annotations

import getpass
import socket
from datetime import date
from pathlib import Path

from tests.bench import report
from tests.bench.figures import compared, missing, told

DAY = date(2026, 11, 22)
FIGURES = (
    compared("turn", "a turn", 1.13, "ms", "Bolt, bare", 0.46, most=2),
    told("load", "turns", 49.8, "turns/s"),
    missing("quarter", "on PostgreSQL"),
)


def test_a_figure_stands_beside_its_peer_with_the_ratio_and_whether_it_is_as_wanted(tmp_path: Path) -> None:
    written = report.write(FIGURES, DAY, 0.4, tmp_path)
    lines = written.read_text().splitlines()
    assert written.name == "2026-11-22.md"
    assert "| turn | a turn | 1.13 ms | Bolt, bare: 0.46 ms | 2.46 × | ≤ 2 × NO |" in lines
    assert "| load | turns | 49.8 turns/s |  |  |  |" in lines
    assert "| quarter | on PostgreSQL | – |  |  | measured NO |" in lines


def test_the_file_tells_the_machines_kind_and_not_its_name_its_user_or_a_path(tmp_path: Path) -> None:
    text = report.write(FIGURES, DAY, 0.4, tmp_path).read_text()
    assert " cores, " in text
    words = text.split()
    assert socket.gethostname() not in words
    assert getpass.getuser() not in words
    assert str(Path.cwd()) not in text
    assert str(Path.home()) not in text


def test_another_run_of_the_same_day_replaces_the_file(tmp_path: Path) -> None:
    report.write(FIGURES, DAY, 0.4, tmp_path)
    again = report.write(FIGURES[1:], DAY, 0.4, tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [again.name]
    assert "Bolt, bare: " not in again.read_text()
