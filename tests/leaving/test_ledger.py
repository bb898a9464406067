from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.services.leaving import ledger
from bot.services.leaving.ledger import Entry, LedgerError
from bot.settings import Settings

AT = datetime(2026, 11, 30, 15, tzinfo=UTC)


def test_what_was_written_is_read_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "erasures"
    first, second = Entry("T1", ledger.digest("T1", "noor"), AT), Entry("T2", ledger.digest("T2", "noor"), AT, True)
    ledger.append(path, first)
    ledger.append(path, second)
    assert ledger.read(path) == (first, second)


def test_the_same_id_has_another_digest_in_another_workspace() -> None:
    assert ledger.digest("T1", "noor") != ledger.digest("T2", "noor")


def test_there_is_nothing_to_read_where_there_is_no_file(tmp_path: Path) -> None:
    assert ledger.read(tmp_path / "none") == ()


def test_a_line_that_was_cut_off_is_no_entry_and_spoils_none_after_it(tmp_path: Path) -> None:
    path, entry = tmp_path / "erasures", Entry("T1", ledger.digest("T1", "noor"), AT)
    ledger.append(path, entry)
    path.write_text(path.read_text() + path.read_text()[:70])
    ledger.append(path, entry)
    assert ledger.read(path) == (entry, entry)


def test_nobody_else_on_the_machine_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "erasures"
    ledger.append(path, Entry("T1", ledger.digest("T1", "noor"), AT))
    assert path.stat().st_mode & 0o077 == 0


def test_it_is_beside_a_sqlite_file_unless_the_settings_name_another_place(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/coach.db"
    assert ledger.place(Settings(database_url=url)) == tmp_path / ledger.NAME
    assert ledger.place(Settings(database_url=url, erasures=Path("/safe/erasures"))) == Path("/safe/erasures")
    assert ledger.place(Settings(database_url="postgresql://host/name")) == Path(ledger.NAME)


LINE = f"T1 {ledger.digest('T1', 'noor')} {AT.isoformat()} erased\n"


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ((LINE * 2).encode("utf-16"), 1),
        ((LINE * 2).encode("utf-16-le"), 1),
        (LINE.encode("utf-8-sig"), 1),
        ((LINE + LINE[:70] + "\n" + LINE).encode(), 2),
        ((LINE + LINE[:70] + LINE).encode(), 2),
        ((LINE + "\0" * 40).encode(), 2),
        ((LINE + "who was erased, and when\n").encode(), 2),
        (LINE.replace("2026-11-30", "2026-13-30").encode(), 1),
        (LINE.replace("+00:00", "").encode(), 1),
        (LINE.replace("erased", "restored").encode(), 1),
    ],
)
def test_a_damaged_ledger_is_refused_with_its_place_and_never_added_to(
    tmp_path: Path, content: bytes, number: int
) -> None:
    path = tmp_path / "erasures"
    path.write_bytes(content)
    place = f"{path}, line {number}: This is no entry"
    for attempt in (
        lambda: ledger.read(path),
        lambda: ledger.require(path),
        lambda: ledger.append(path, Entry("T1", ledger.digest("T1", "mina"), AT)),
    ):
        with pytest.raises(LedgerError) as refused:
            attempt()
        assert place in str(refused.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("length", [1, 2, 3, 30, 67, 68, 80, 93, 95, len(LINE) - 2])
def test_only_a_last_line_that_was_cut_off_is_passed_over_and_that_is_told(tmp_path: Path, length: int) -> None:
    path, told = tmp_path / "erasures", list[str]()
    path.write_text(LINE + LINE[:length])
    assert len(ledger.read(path, told.append)) == 1
    assert told == [f"{path}, line 2: It was cut off while it was written, and is passed over."]


def test_a_last_line_that_lacks_only_its_end_counts(tmp_path: Path) -> None:
    path, told, entry = tmp_path / "erasures", list[str](), Entry("T1", ledger.digest("T1", "noor"), AT)
    path.write_text(LINE + LINE.rstrip())
    assert ledger.read(path, told.append) == (entry, entry)
    ledger.append(path, entry)
    assert ledger.read(path, told.append) == (entry, entry, entry)
    assert told == []


def test_where_it_cannot_be_written_that_is_said_with_the_setting(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match=r"none/erasures: The ledger of erasures cannot be written.*\nERASURES: "):
        ledger.require(tmp_path / "none" / "erasures")
