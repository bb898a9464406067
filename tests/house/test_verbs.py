"""Every command of ours that a page or a file of deployment names is one that can be given so."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
import yaml
from markdown_it import MarkdownIt

from bot.cli.main import main
from tests.house.pages import HOUSE, pages

FOLLOWED = HOUSE / "docs" / "how-to"
"""What is done there is done by tests/howto, one command of it in a program that has it by then."""
PAGES = {page.relative_to(HOUSE).as_posix(): page for page in pages() if not page.is_relative_to(FOLLOWED)}
OTHERS = (*sorted((HOUSE / "docs" / "deploy").iterdir()), HOUSE / "compose.yaml")
FILES = PAGES | {file.relative_to(HOUSE).as_posix(): file for file in OTHERS}

PROGRAMS = ("conference-coach", ".venv/bin/conference-coach", "coach")
"""`coach` is the shell's function of docs/UPGRADING.md."""
_INSTANCE = re.compile(r"conference-coach@([\w-]+)(?!\S*service)")
_COMPOSE = re.compile(r"docker compose (?:-f (\S+) )?run --rm ([\w-]+)")


def require(words: Sequence[str], command: click.Command = main, name: str = "conference-coach") -> None:
    """Raise click.UsageError where a command cannot be given so. Nothing is run."""
    context = command.make_context(name, list(words))
    if isinstance(command, click.Group):
        rest = [*context._protected_args, *context.args]
        if rest:
            verb, found, more = command.resolve_command(context, rest)
            assert found is not None
            require(more, found, verb or "")


def lines(page: Path) -> Iterator[list[str]]:
    """The commands of ours in a page's blocks of code, as words behind the program's name."""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        for line in token.content.splitlines() if token.type in ("code_block", "fence") else ():
            for one in re.split(r" && | # or: ", line.strip()):
                program, _, rest = one.partition(" ")
                if program in PROGRAMS:
                    yield shlex.split(rest, comments=True)


def mentions(page: Path) -> Iterator[list[str]]:
    """The same in its text: what names the program, or begins with a verb of its and has an option."""
    for token in MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8")):
        for inline in token.children or ():
            whole = re.sub(r"[][]", "", inline.content)  # what may be left out is there too
            words = whole.split() if inline.type == "code_inline" else []
            if words[:1] == ["conference-coach"] and words[1:]:
                yield words[1:]
            elif words and words[0] in main.commands and any(word.startswith("--") for word in words):
                yield words


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_a_page_can_be_given_so(name: str) -> None:
    for words in lines(PAGES[name]):
        require(words)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_a_page_speaks_of_is_there(name: str) -> None:
    for words in mentions(PAGES[name]):
        if len(words) == 1:  # it is spoken of, and need not be whole
            assert words[0] in main.commands
        else:
            require(words)


@pytest.mark.parametrize("name", FILES)
def test_what_systemd_is_told_to_start_needs_nothing_more(name: str) -> None:
    for verb in _INSTANCE.findall(FILES[name].read_text(encoding="utf-8")):
        require([verb])


@pytest.mark.parametrize("name", FILES)
def test_what_compose_is_told_to_run_is_there(name: str) -> None:
    for file, service in _COMPOSE.findall(FILES[name].read_text(encoding="utf-8")):
        assert service in yaml.safe_load((HOUSE / (file or "compose.yaml")).read_text())["services"]


def test_a_command_that_lacks_its_file_is_found_out() -> None:
    for words in (["backup"], ["restore-check", "--no-such"], ["nothing"], ["outbox", "show"]):
        with pytest.raises(click.UsageError):
            require(words)
