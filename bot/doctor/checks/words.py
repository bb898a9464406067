"""What is said and when: the school's own words, and its cadence."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.doctor.finding import NAMED, Finding, doubtful, failed, fine, unseen
from bot.doctor.look import Look
from bot.services.nudges.days import cadence_of
from bot.words import overlays
from scheduler.cadence import CadenceError

PROMPTS, CADENCE = "prompts/", "cadence.toml"


def prompts(look: Look) -> Finding:
    """Whether the school's own words can be said; of several schools each one's."""
    if look.misplaced and not look.folders:
        return unseen("folder failed", PROMPTS)
    own = {folder: words for folder in look.folders if (words := overlays(folder))}
    if not own:
        return fine("The school has no words of its own.", PROMPTS)
    from bot.prompts_check import broken_prompts, check_prompts  # they bring a readability library

    poor = {folder: problems for folder, words in own.items() if (problems := check_prompts(words))}
    if broken := {folder: problems for folder in poor if (problems := broken_prompts(own[folder]))}:
        return failed(_told(look, broken, "cannot be said"), PROMPTS, _mend(broken))
    if poor:
        return doubtful(_told(look, poor, "should be mended"), PROMPTS, _mend(poor))
    return fine("The school's own words are in order.", PROMPTS)


def cadence(look: Look) -> Finding:
    """Whether the school's cadence, as it was loaded, fits this version."""
    try:
        with look.store.read() as connection:
            cadence_of(connection, look.workspace)
    except CadenceError as error:
        remedy = f"Mend {CADENCE}, and load the school again: conference-coach load"
        return failed(f"It does not fit this version: {error.problems[0].rstrip('.')}.", CADENCE, remedy)
    return fine("The quarter's nudges can be planned.", CADENCE)


def _told(look: Look, wrong: Mapping[Path, Sequence[str]], what: str) -> str:
    """How many texts and the first of them, of each folder; which folder that is, where there are several."""
    told = [
        (f"{folder.name}: " if look.several else "") + f"{_so_many(len(problems))} {what}: {problems[0].rstrip('.')}"
        for folder, problems in list(wrong.items())[:NAMED]
    ]
    more = f"; and in {len(wrong) - NAMED} more folders" if len(wrong) > NAMED else ""
    return f"{'; '.join(told)}{more}."


def _mend(wrong: Mapping[Path, Sequence[str]]) -> str:
    commands = [f"conference-coach prompts check {shlex.quote(str(folder))}" for folder in wrong]
    return f"Read them all, and mend them: {'; '.join(commands[:NAMED])}"


def _so_many(number: int) -> str:
    return "One text" if number == 1 else f"{number} texts"
