"""The folders of a district's schools: one for each workspace, beside one another; or the one folder of one school."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from bot.errors import SchoolError
from bot.school.charter import CHARTER


def folders(where: Path) -> tuple[Path, ...]:
    """The folders of schools in a folder: itself, where it is a school's, else those in it, by their names.

    SchoolError where there is none.
    """
    if (where / CHARTER).is_file() or not where.is_dir():
        return (where,)
    found = tuple(sorted(one for one in where.iterdir() if (one / CHARTER).is_file()))
    if not found:
        raise SchoolError([f"{where}: There is no {CHARTER} here, nor in a folder of a school in it. Make one first."])
    return found


def by_workspace(where: Path) -> Mapping[str, Path]:
    """The folder of each workspace's school. SchoolError, naming the file, where a school does not say whose it is, or
    two say the same."""
    found: dict[str, Path] = {}
    problems = []
    for folder in folders(where):
        workspace = _workspace(folder / CHARTER)
        if not workspace:
            problems.append(f'{folder / CHARTER}: Which workspace is it for? Write its id: workspace = "T…"')
        elif workspace in found:
            problems.append(f"{folder / CHARTER}: {workspace} is the workspace of {found[workspace]} already.")
        else:
            found[workspace] = folder
    if problems:
        raise SchoolError(problems)
    return found


def _workspace(charter: Path) -> str:
    """What it says, whether the rest of it can be read or not: that is for loading it to tell."""
    try:
        said = tomllib.loads(charter.read_text("utf-8-sig")).get("workspace")
    except (OSError, ValueError):
        return ""
    return said.strip() if isinstance(said, str) else ""
