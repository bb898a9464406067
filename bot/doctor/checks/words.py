"""What is said and when: the school's own words, and its cadence."""

from __future__ import annotations

from bot.doctor.finding import Finding, doubtful, failed, fine
from bot.doctor.look import Look
from bot.services.nudges.days import cadence_of
from scheduler.cadence import CadenceError

PROMPTS, CADENCE = "prompts/", "cadence.toml"


def prompts(look: Look) -> Finding:
    """Whether the school's own words can be said."""
    if not look.own_words:
        return fine("The school has no words of its own.", PROMPTS)
    from bot.prompts_check import broken_prompts, check_prompts  # they bring a readability library

    remedy = f"Read them all, and mend them: conference-coach prompts check {look.settings.school_dir}"
    poor = check_prompts(look.own_words)
    if not poor:
        return fine("The school's own words are in order.", PROMPTS)
    if broken := broken_prompts(look.own_words):
        return failed(f"{_so_many(len(broken))} cannot be said: {broken[0].rstrip('.')}.", PROMPTS, remedy)
    return doubtful(f"{_so_many(len(poor))} should be mended: {poor[0].rstrip('.')}.", PROMPTS, remedy)


def cadence(look: Look) -> Finding:
    """Whether the school's cadence, as it was loaded, fits this version."""
    try:
        with look.store.read() as connection:
            cadence_of(connection, look.workspace)
    except CadenceError as error:
        remedy = f"Mend {CADENCE}, and load the school again: conference-coach load"
        return failed(f"It does not fit this version: {error.problems[0].rstrip('.')}.", CADENCE, remedy)
    return fine("The quarter's nudges can be planned.", CADENCE)


def _so_many(number: int) -> str:
    return "One text" if number == 1 else f"{number} texts"
