"""Whether what is tagged is what is released: the tag, the version in pyproject.toml, the changelog.

python .ci/release.py check v1.2.0      1 where the three do not go together, with what to do
python .ci/release.py notes v1.2.0      the changelog's part on this version, for the release's page
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<day>\S+))?$", re.MULTILINE)
UNRELEASED = "Unreleased"


def problems(tag: str, version: str, changelog: str) -> Iterator[str]:
    """What keeps a tag from being released, each with its remedy."""
    if tag != f"v{version}":
        yield f"The tag is {tag}, but pyproject.toml says version {version}. Tag v{version}, or mend the version first."
    if version not in _days(changelog):
        yield f"CHANGELOG.md has no heading for {version}. Write ## [{version}] - with today's date above what is new."
        return
    if not _is_day(_days(changelog)[version]):
        yield f"CHANGELOG.md, {version}: the heading has no date. Write ## [{version}] - and the date as 2026-12-31."
    if not part(changelog, version):
        yield f"CHANGELOG.md, {version}: nothing stands under the heading. Say what is new."
    if next(name for name in _days(changelog) if name != UNRELEASED) != version:
        yield f"CHANGELOG.md, {version}: it is not the newest. Put its heading first, under [{UNRELEASED}]."
    if part(changelog, UNRELEASED):
        yield f"CHANGELOG.md: under [{UNRELEASED}] stands what this release has. Move it under {version}."


def part(changelog: str, version: str) -> str:
    """What stands in the changelog about a version; "" where nothing does."""
    headings = list(HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    found = (changelog[one.end() : end] for one, end in zip(headings, ends, strict=True) if one["version"] == version)
    return next(found, "").strip()


def _days(changelog: str) -> dict[str, str]:
    """The versions with what stands where the date should, the newest first."""
    return {one["version"]: one["day"] or "" for one in HEADING.finditer(changelog)}


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def main(arguments: Sequence[str], house: Path = HERE) -> int:
    """Check, or print the notes."""
    changelog = (house / "CHANGELOG.md").read_text(encoding="utf-8")
    match arguments:
        case ["check", tag]:
            version = tomllib.loads((house / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
            found = list(problems(tag, version, changelog))
            print("\n".join(found) or f"{tag} can be released.")
            return int(bool(found))
        case ["notes", tag]:
            print(part(changelog, tag.removeprefix("v")))
            return 0
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
