"""`conference-coach prompts safety`: how much of what calls for a person the word lists notice, counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from bot.dialogue.safety import Level, Safety
from bot.dialogue.sentences import NONE, Count, Sentences, count, parse
from bot.errors import CoachError, SettingsError
from bot.words import overlays
from prompts import Catalog


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
def safety(folder: Path | None) -> None:
    """Count what the safety screen notices, and what it takes for an alarm that is none, in each language.

    The sentences are those of prompts/…/safety_sentences.toml; with a school's folder (DIR) its own word lists and
    sentences are laid over ours. What was held out and never looked at since says most of what is noticed of what
    students will write. The exit code is 1 where of the other tables less is noticed than 95 % (explicit) or 90 %
    (look), or where more than 3 % are false alarms.
    """
    own = overlays(folder)
    if folder and not own:
        raise SettingsError([f"{folder}: There are no prompts here. Name a school's folder that has prompts/ in it."])
    catalog = Catalog.load(*own)
    screen = Safety.parse({language: catalog.safety(language) for language in catalog.languages})
    poor = False
    for language in catalog.languages:
        source = catalog.source(language, "safety_sentences.toml")
        for table in parse(catalog.sentences(language), source) if catalog.sentences(language) else ():
            counts = count(screen, table)
            click.echo("\n".join(_report(language, table, counts)))
            poor |= not table.held_out and not all(one.enough for one in counts)
    if poor:
        raise CoachError("The word lists notice too little, or too much that is nothing. Mend safety.toml.")


def _report(language: str, table: Sentences, counts: Sequence[Count]) -> list[str]:
    kind = "held out" if table.held_out else "the lists are mended by it"
    total = sum(one.sentences for one in counts)
    lines = [f"{language}, {table.name} ({kind}): {total} sentences", *map(_line, counts)]
    lines += [f"    note: {table.note}"] if table.note else []
    for one in counts:
        what = "false alarm" if one.level == NONE else f"missed, {one.level}"
        lines += [f"    {what}: {words}" for words in one.wrong]
    return lines


def _line(one: Count) -> str:
    share = f"{one.noticed} of {one.sentences} ({one.share:.1%})"
    if one.level == NONE:
        return f"  {one.level:9} {share} false alarms"
    as_level = "at once" if one.level == Level.EXPLICIT else "to be read, not at once"
    return f"  {one.level:9} {share} noticed, {one.right} as {as_level}"
