"""The words a process needs: the packaged ones, with a school's own laid over them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from bot.school.schools import by_workspace
from bot.settings import Settings
from bot.words import Words, overlays
from prompts import PromptsError

CHECK = "conference-coach prompts check"


def words_of(settings: Settings, *, hears: bool = True) -> Callable[[str], Words]:
    """What the bot of a workspace says. Schools without words of their own share those that come with the program.

    PromptsError where a school's own do not work: of the only school at once, of several when that one's are asked for.
    hears: whether anything is taken in.
    """
    where = settings.school_dir
    if where is None or not settings.several:
        only = _checked(where, hears=hears)
        return lambda _workspace: only
    shared, own = Words.load(hears=hears), _with_own(where)

    @cache
    def theirs(workspace: str) -> Words | PromptsError:
        try:
            return _checked(own[workspace], hears=hears)
        except PromptsError as error:  # until the next start: they are not read anew
            return error

    def words(workspace: str) -> Words:
        found = theirs(workspace) if workspace in own else shared
        if isinstance(found, PromptsError):
            raise found
        return found

    return words


def check_own_words(folder: Path) -> None:
    """Where something could not be said, it would be students who find out."""
    own = overlays(folder)
    if not own:
        return
    from bot.prompts_check import broken_prompts  # it brings a readability library

    if problems := broken_prompts(own):
        raise PromptsError([*problems, f"The school's own words do not work. Mend them: {CHECK} {folder}"])


def _checked(folder: Path | None, *, hears: bool) -> Words:
    if folder is not None:
        check_own_words(folder)
    return Words.load(*overlays(folder), hears=hears)


def _with_own(where: Path) -> dict[str, Path]:
    return {workspace: folder for workspace, folder in by_workspace(where).items() if overlays(folder)}
