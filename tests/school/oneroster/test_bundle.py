"""A bundle as files: in a folder or a zip file, whole or not, or made to do harm."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import SchoolError
from bot.school import School, parse_school, read_school
from bot.school.folder import FILES
from bot.school.oneroster import archive
from bot.school.oneroster.tables import MOST_ROWS
from bot.school.sheet import LONGEST_CELL
from tests.school.folders import LANGUAGES
from tests.school.oneroster.bundles import (
    CHARTER,
    CONFERENCES,
    NOW,
    bundle,
    changed,
    folder_of,
    large,
    problems,
    school,
    zipped,
)

ANYTIME = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])


def lay(where: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (where / name).parent.mkdir(exist_ok=True)
        (where / name).write_bytes(content)
    return where


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return lay(tmp_path, {"school.toml": CHARTER.encode(), "conferences.csv": CONFERENCES.encode()})


def read(folder: Path) -> School:
    return read_school(folder, LANGUAGES, NOW)


def refusal(folder: Path) -> str:
    with pytest.raises(SchoolError) as refused:
        read(folder)
    return str(refused.value)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_zip_file_and_a_folder_say_the_same(
    folder: Path, tmp_path_factory: pytest.TempPathFactory, version: str
) -> None:
    (folder / "oneroster.zip").write_bytes(zipped(bundle(version)))
    unpacked = lay(tmp_path_factory.mktemp("unpacked"), folder_of(bundle(version)))
    assert read(folder) == read(unpacked) == school(bundle(version))


@pytest.mark.parametrize("inside", ["export/", "a/b/c/", "../../up/", "/root/", "back\\slash\\"])
def test_a_bundle_may_be_packed_with_its_folder_and_nothing_is_ever_unpacked(folder: Path, inside: str) -> None:
    (folder / "oneroster.zip").write_bytes(zipped(bundle(), inside))
    before = sorted(folder.parent.rglob("*"))
    assert read(folder) == school(bundle())
    assert sorted(folder.parent.rglob("*")) == before


def test_names_in_any_case_and_what_a_mac_adds_do_not_matter(folder: Path) -> None:
    files = {name.upper(): text for name, text in bundle().items()} | {
        "__MACOSX/._users.csv": "x",
        "demographics.csv": "x",
    }
    (folder / "oneroster.zip").write_bytes(zipped(files))
    assert read(folder) == school(bundle())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_tables_may_come_as_a_spreadsheet_saves_them(encoding: str, separator: str) -> None:
    files = changed(bundle(), "users.csv", ("Noor,Haddad", "Noór,Haddad"), ('"g-amal,g-aunt"', "g-amal"))
    users = files["users.csv"].replace(",", separator)
    given = {f"oneroster/{name}": text.encode() for name, text in files.items()}
    given["oneroster/users.csv"] = users.encode(encoding)
    own = {"school.toml": CHARTER.encode(), "conferences.csv": CONFERENCES.encode()}
    assert "Noór Haddad" in {one.name for one in parse_school(own | given, LANGUAGES, NOW).people}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("file.users,bulk", "file.users,delta",
         "oneroster/manifest.csv, row 11, column value: file.users is “delta”: it holds only what has changed. Ask"),
        ("file.enrollments,bulk", "file.enrollments,Delta", "column value: file.enrollments is “delta”"),
        ("file.academicSessions,bulk", "file.academicSessions,delta", "column value: file.academicSessions is “delta”"),
        ("file.users,bulk", "file.users,absent",
         "oneroster/users.csv: This file is missing (manifest.csv, row 11: absent). It is needed. Ask for"),
        ("oneroster.version,1.1", "oneroster.version,1.0", "row 3, column value: oneroster.version is “1.0”. Ask"),
        ("oneroster.version,1.1", "system.version,1.1", "oneroster/manifest.csv: oneroster.version is missing. Ask"),
        ("propertyName", "property", "oneroster/manifest.csv, row 1, column propertyName: This column is missing."),
    ],
)  # fmt: skip
def test_a_bundle_that_is_not_whole_says_what_to_ask_for(before: str, after: str, told: str) -> None:
    found = problems(changed(bundle(), "manifest.csv", (before, after)))
    assert any(told in problem for problem in found), found
    assert not [problem for problem in found if "No term is named" in problem]


@pytest.mark.parametrize("name", ["users.csv", "orgs.csv", "classes.csv", "enrollments.csv"])
def test_a_table_that_is_missing_is_named(name: str) -> None:
    found = problems({key: text for key, text in bundle().items() if key != name})
    assert any(problem.startswith(f"oneroster/{name}: This file is missing (manifest.csv") for problem in found)


def test_the_second_version_needs_its_roles() -> None:
    found = problems({key: text for key, text in bundle("1.2").items() if key != "roles.csv"})
    assert any(problem.startswith("oneroster/roles.csv: This file is missing") for problem in found)


def test_a_bundle_that_is_gone_takes_nobody_with_it(folder: Path) -> None:
    (folder / "roster.csv").write_text("id,role,name,email,grade,advisor,students,language\n")
    assert "school.toml, line 8, oneroster: There is neither oneroster.zip nor oneroster/ in" in refusal(folder)


def test_two_bundles_are_one_too_many(folder: Path) -> None:
    (folder / "oneroster.zip").write_bytes(zipped(bundle()))
    lay(folder, folder_of(bundle()))
    assert "oneroster.zip: There is oneroster/ as well. Take one of the two out." in refusal(folder)


def test_a_folder_without_a_manifest_and_a_file_by_its_name_are_told(folder: Path) -> None:
    (folder / "oneroster").mkdir()
    assert refusal(folder).startswith(
        "oneroster: There is no manifest.csv in it. Put all the files of the bundle there"
    )
    (folder / "oneroster").rmdir()
    (folder / "oneroster").write_text("x")
    assert refusal(folder).startswith("oneroster: This is not a folder.")


def test_a_pipe_in_a_folder_is_not_waited_for(folder: Path) -> None:
    lay(folder, folder_of(bundle()))
    (folder / "oneroster/users.csv").unlink()
    os.mkfifo(folder / "oneroster/users.csv")
    assert refusal(folder).startswith("oneroster/users.csv: This is not a file.")


def bomb(size: int) -> bytes:
    """Tables that are small in the zip file, the users far too large outside of it."""
    return zipped({**bundle(), "users.csv": b"sourcedId,givenName\n" + b" " * size})


def lying(packed: bytes) -> bytes:
    """The same, with the sizes the zip file says its tables have all set to ten bytes."""
    at, changed_ = 0, bytearray(packed)
    while (at := changed_.find(b"PK\x01\x02", at)) >= 0:
        changed_[at + 24 : at + 28] = struct.pack("<L", 10)
        at += 4
    return bytes(changed_)


def crowded() -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as full:
        for number in range(archive.MOST_ENTRIES + 1):
            full.writestr(f"{number}.csv", b"")
    return into.getvalue()


def locked() -> bytes:
    """A zip file whose users say that they need a password."""
    changed_ = bytearray(zipped(bundle()))
    at = 0
    while (at := changed_.find(b"PK\x01\x02", at)) >= 0:
        changed_[at + 8] |= 1
        at += 4
    return bytes(changed_)


def squeezed() -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_LZMA) as full:
        for name, text in bundle().items():
            full.writestr(name, text)
    return into.getvalue()


def twice() -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as full:
        for name, text in (*bundle().items(), ("Users.csv", "x")):
            full.writestr(name, text)
    return into.getvalue()


HARMFUL = {
    "a table of a gigabyte": (lambda: bomb(archive.LARGEST_TABLE + 1), "users.csv is larger than 40 MB."),
    "the same, lying about it": (lambda: lying(bomb(archive.LARGEST_TABLE + 1)), "oneroster.zip: "),
    "files without end": (crowded, "There are more than 1,000 files in it."),
    "a password": (locked, "needs a password."),
    "a packing that takes all the memory": (squeezed, "is packed in a way that is not read here."),
    "two tables by one name": (twice, "There are two files users.csv in it."),
    "two bundles": (lambda: zipped({"a/manifest.csv": "x", "b/manifest.csv": "x"}), "several bundles"),
    "no bundle": (lambda: zipped({"roster.csv": "x"}), "There is no manifest.csv in it. Ask for a OneRoster"),
    "no zip file": (lambda: b"<html>", "This is not a whole zip file."),
    "nothing": (lambda: b"", "This is not a whole zip file."),
    "half of it": (lambda: zipped(bundle())[:-200], "This is not a whole zip file."),
    "one that was damaged": (lambda: zipped(bundle()).replace(b"PK\x03\x04", b"PK\x03\x05"), "not a whole zip"),
    "far too large": (lambda: b"x" * (archive.LARGEST_ARCHIVE + 1), "20 MB large"),
}  # fmt: skip


@pytest.mark.parametrize("kind", HARMFUL)
def test_a_zip_file_that_would_do_harm_is_refused_by_name(folder: Path, kind: str) -> None:
    content, why = HARMFUL[kind]
    (folder / "oneroster.zip").write_bytes(content())
    said = refusal(folder)
    assert said.startswith("oneroster.zip: ")
    assert why in said


BROKEN = {
    "too many rows": (b"sourcedId\n" + b"x\n" * MOST_ROWS, "too many rows, more than 200,000."),
    "a cell without end": (b"sourcedId\n" + b"y" * (LONGEST_CELL + 1), "far too long"),
    "cells without end": (b"sourcedId\n" + b"," * 100_000 + b"x\n", "far too long"),
    "NULs": (b"\0\0\0\0", "cannot be read as text"),
    "a page of the web": (b"<html>", "a page of the web"),
    "a zip file": (b"PK\x03\x04", "a spreadsheet or a zip file"),
    "nothing": (b"", "is empty"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("name", ["manifest.csv", "users.csv", "enrollments.csv"])
def test_a_table_that_is_none_is_named_as_what_it_is(folder: Path, name: str, kind: str) -> None:
    content, why = BROKEN[kind]
    (folder / "oneroster.zip").write_bytes(zipped({**bundle(), name: content}))
    said = refusal(folder)
    limit = "20,000" if name == "manifest.csv" else "200,000"
    assert why.replace("200,000", limit) in said
    assert any(line.startswith(f"oneroster.zip/{name}") for line in said.splitlines())
    assert len(said) < 4_000


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, bytes]:
    """A bundle with a few stretches of one of its tables replaced by anything."""
    files = folder_of(bundle(draw(st.sampled_from(["1.1", "1.2"]))))
    name = draw(st.sampled_from([one for one in files if one.startswith("oneroster/")]))
    raw = files[name]
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 40)))
        junk = draw(
            st.binary(max_size=12) | st.sampled_from([b'"', b"\n", b",", b"tobedeleted", b"student", b"s-noor"])
        )
        raw = raw[:start] + junk + raw[end:]
    return {**files, name: raw}


def outcome(files: dict[str, bytes]) -> School | tuple[str, ...]:
    try:
        return parse_school(files, LANGUAGES, NOW)
    except SchoolError as error:
        return error.problems


@ANYTIME
@given(damaged())
def test_whatever_is_in_the_tables_it_is_a_school_or_a_list_of_faults(files: dict[str, bytes]) -> None:
    found = outcome(files)
    if isinstance(found, School):
        assert all(one.advisor in {other.key for other in found.people} for one in found.people if one.advisor)
    else:
        assert found
        assert all(problem.startswith((*FILES, "oneroster/")) for problem in found)


def test_a_large_bundle_is_read_whole() -> None:
    charter = CHARTER.replace('school = "o-hill"\ncoordinators = ["u-tan"]\n', "").replace('"u-bell"', '"t0"')
    roster = "id,role,name,email\nbell,counselor,Ms. Bell,bell@school.example\n"
    files = large(600)
    assert files["enrollments.csv"].count("\n") > 6_000
    found = school(files, charter.replace('"t0"', '"bell"'), roster, CONFERENCES.splitlines()[0] + "\n")
    assert len(found.people) == 600 * 3 + 40 + 1
