"""Whether all texts can be used: every problem with its file and its remedy, languages side by side."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]

from bot.dialogue.coach import Lexicon
from bot.dialogue.flow import Band, Flow, Question, parse_flow
from bot.dialogue.sentences import parse as parse_sentences
from bot.errors import FlowError
from bot.readability import grade
from bot.slack.blocks import HEADER, messages
from prompts import FALLBACK, MESSAGE, Catalog, PromptsError
from prompts.markdown import Divider, Document, Heading, Part, Slot, Words, document, part_text

FAMILY_GRADE = 6
FAMILY_MESSAGES = ("agenda", "agenda_frame", "home_adult", "adult_dm", "reminder_adult", "reminder_channel")
FAMILY_PREFIXES = ("family_", "mail_")

# What a label is used for, by its key, and how long it may be there (Slack's sizes; the first that matches counts).
_LABEL_SIZES = (
    (r"button\.|visible\.|role\.|.*\.option", 75),
    (r"modal\.(?!.*label)|.*[._]title|.*[._]submit|.*[._]close", 24),
    (r"channel\.name", 80),
    (r"channel\.(topic|purpose)", 250),
    (r".*placeholder", 150),
    (r"section\.|status\.|command\.|work\.", 150),
    (r"", 2000),
)
_CHANNEL = re.compile(r"[a-z0-9_-]+")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_VALUE = re.compile(r"\{\{-?\s*(\w+)")
_EMOJI = regex.compile(r"[\p{Emoji_Presentation}]")
_READ = regex.compile(r"[\p{L}\p{N}\p{So}]")


def check_prompts(overlays: Sequence[Path]) -> list[str]:
    """Every problem of the packaged texts with `overlays` laid over them; an empty list if there is none."""
    try:
        catalog = Catalog.load(*overlays)
    except PromptsError as error:
        return list(error.problems)
    return list(dict.fromkeys(_problems(_Check(catalog))))


def broken_prompts(overlays: Sequence[Path]) -> list[str]:
    """Only the problems that would keep something from being said; a language need not be complete, nor plain."""
    try:
        catalog = Catalog.load(*overlays)
    except PromptsError as error:
        return list(error.problems)
    return list(dict.fromkeys(_broken(_Check(catalog))))


class _Check:
    """The texts, and what they are checked against."""

    def __init__(self, catalog: Catalog) -> None:
        measures = tomllib.loads((Path(__file__).parent / "prompts_check.toml").read_text(encoding="utf-8"))
        self.catalog = catalog
        self.contexts: dict[str, Sequence[Mapping[str, Any]]] = measures["message"]
        self.contexts |= {name: self.contexts[other] for name, other in measures["same"].items()}
        self.flow_contexts: Sequence[Mapping[str, Any]] = measures["flow"]
        self.banned = {
            language: re.compile("|".join(rf"(?<!\w)(?:{word})(?!\w)" for word in words), re.IGNORECASE)
            for language, words in measures["banned"].items()
        }
        self.flows: dict[tuple[str, str], Flow] = {}
        self.rules: dict[str, set[str]] = {}


def _problems(check: _Check) -> Iterator[str]:
    for path in check.catalog.strays:
        yield (
            f"{path}: not a file that is read; rename it to flows/….toml, messages/…{MESSAGE}, labels.toml, "
            "lexicon.toml, safety.toml or safety_sentences.toml, in a folder of its language (en, es)"
        )
    for language in check.catalog.languages:
        yield from _parse(check, language)
    for language in check.catalog.languages:
        yield from _beside(check, language)
        yield from _flows(check, language)
        yield from _messages(check, language)
        yield from _labels(check.catalog, language)
        yield from _unsaid(check, language)


def _broken(check: _Check) -> Iterator[str]:
    catalog = check.catalog
    for language in catalog.languages:
        yield from _parse(check, language)
    for language in catalog.languages:
        yield from _flows(check, language)
        for place in _places(catalog, language):
            if contexts := check.contexts.get(place.name):
                yield from (f"{place.source}: {problem}" for problem in _unknown_values(catalog, place, contexts))
                yield from (f"{place.source}: {problem}" for problem in _rendered(catalog, place, contexts)[1])
    source = catalog.source(FALLBACK, "labels.toml")
    for key in sorted(Catalog.load().labels(FALLBACK).keys() - catalog.labels(FALLBACK).keys()):
        yield f"{source}: no label {key!r}; add it, a file takes the place of the whole of ours"


# -- parsing ---------------------------------------------------------------------------------------------------------


def _parse(check: _Check, language: str) -> Iterator[str]:
    """Flows and word lists as the dialogue reads them: reachable questions, complete rules."""
    catalog = check.catalog
    for name in catalog.flow_names(language):
        source = catalog.source(language, f"flows/{name}.toml")
        try:
            check.flows[language, name] = parse_flow(name, catalog.flow(language, name), source)
        except FlowError as error:
            yield from error.problems
    try:
        lexicon = catalog.lexicon(language)
        check.rules[language] = set(lexicon.get("rule", ()))
        Lexicon.parse(lexicon, catalog.source(language, "lexicon.toml"))
    except PromptsError as error:
        yield from error.problems
    except FlowError as error:
        yield from error.problems
    yield from _safety(catalog, language)


def _safety(catalog: Catalog, language: str) -> Iterator[str]:
    source = catalog.source(language, "safety.toml")
    try:
        lists = catalog.safety(language)
    except PromptsError as error:
        yield from error.problems
        return
    for name in ("explicit", "look", "idioms"):
        if not _filled(lists.get(name)):
            yield f"{source}: no phrases under {name!r}; add them, or nothing of the kind is noticed"
    if sentences := catalog.sentences(language):
        try:
            parse_sentences(sentences, catalog.source(language, "safety_sentences.toml"))
        except FlowError as error:
            yield from error.problems


def _filled(value: object) -> bool:
    return any(map(_filled, value.values())) if isinstance(value, Mapping) else bool(value)


# -- side by side ----------------------------------------------------------------------------------------------------


def _beside(check: _Check, language: str) -> Iterator[str]:
    """What `language` lacks, has too much, or has otherwise than English."""
    if language == FALLBACK:
        return
    catalog = check.catalog
    for kind, suffix, names in (("flows", ".toml", catalog.flow_names), ("messages", MESSAGE, catalog.messages)):
        for name in sorted(set(names(FALLBACK)) - set(names(language))):
            yield f"{language}/{kind}/{name}{suffix}: missing; write it as {FALLBACK}/{kind}/{name}{suffix} has it"
        for name in sorted(set(names(language)) - set(names(FALLBACK))):
            yield f"{FALLBACK}/{kind}/{name}{suffix}: missing, and {language} has it; write it or remove the other"
    for name in catalog.flow_names(FALLBACK):
        ours, theirs = check.flows.get((FALLBACK, name)), check.flows.get((language, name))
        if ours and theirs:
            source = catalog.source(language, f"flows/{name}.toml")
            yield from (f"{source}: {problem}" for problem in _flow_differs(ours, theirs))
    yield from _keys_differ(catalog, language)
    source = catalog.source(language, "lexicon.toml")
    for rule in sorted(check.rules.get(FALLBACK, set()) ^ check.rules.get(language, set())):
        yield f"{source}: rule {rule!r} is in one of {FALLBACK} and {language} only; add or remove it"


def _flow_differs(ours: Flow, theirs: Flow) -> Iterator[str]:
    if ours.rounds != theirs.rounds:
        yield f"rounds = {theirs.rounds.value!r}, but {FALLBACK} has {ours.rounds.value!r}; make them alike"
    if [question.id for question in ours.questions] != [question.id for question in theirs.questions]:
        yield (
            f"questions {', '.join(question.id for question in theirs.questions)}, but {FALLBACK} asks "
            f"{', '.join(question.id for question in ours.questions)}; same ids, same order"
        )
    by_id = {question.id: question for question in theirs.questions}
    for question in ours.questions:
        if other := by_id.get(question.id):
            for field, wanted, found in _question_differs(question, other):
                yield f"question {question.id!r}: {field} is {found}, but {FALLBACK} has {wanted}; make them alike"


def _question_differs(ours: Question, theirs: Question) -> Iterator[tuple[str, object, object]]:
    for field in ("kind", "section", "visible", "when", "probes", "recall", "label", "once"):
        if getattr(ours, field) != getattr(theirs, field):
            yield field, getattr(ours, field), getattr(theirs, field)
    ids = [[option.id for option in question.options] for question in (ours, theirs)]
    if ids[0] != ids[1]:
        yield "options", ids[0], ids[1]
    for field in ("starter", "example", "hint"):
        wanted, found = (_bands(getattr(question, field)) for question in (ours, theirs))
        if wanted != found:
            yield field, wanted, found


def _bands(worded: Mapping[Band, str]) -> str:
    return f"for {', '.join(band for band in Band if worded.get(band)) or 'no band'}"


def _keys_differ(catalog: Catalog, language: str) -> Iterator[str]:
    source = catalog.source(language, "labels.toml")
    ours, theirs = catalog.labels(FALLBACK), catalog.labels(language)
    for key in sorted(ours.keys() - theirs.keys()):
        yield f"{source}: no label {key!r}; add it"
    for key in sorted(theirs.keys() - ours.keys()):
        yield f"{source}: label {key!r} is not in {FALLBACK}; add it there or remove it"
    for key in sorted(ours.keys() & theirs.keys()):
        wanted, found = set(_VALUE.findall(ours[key])), set(_VALUE.findall(theirs[key]))
        if wanted != found:
            yield f"{source}: label {key!r} uses {sorted(found)}, but {FALLBACK} uses {sorted(wanted)}; make them alike"


# -- flows -----------------------------------------------------------------------------------------------------------


def _flows(check: _Check, language: str) -> Iterator[str]:
    for (spoken, name), flow in check.flows.items():
        if spoken == language:
            source = check.catalog.source(language, f"flows/{name}.toml")
            yield from (f"{source}: {problem}" for problem in _flow_problems(check, language, flow))


def _flow_problems(check: _Check, language: str, flow: Flow) -> Iterator[str]:
    for question in flow.questions:
        for rule in question.probes:
            if rule not in check.rules.get(language, set()):
                yield f"question {question.id!r}: probe {rule!r} is no rule of lexicon.toml; correct it or add the rule"
    for place, text in _flow_texts(flow):
        for context in check.flow_contexts:
            try:
                document(check.catalog.fill(language, text, context))
            except (PromptsError, ValueError, TypeError) as error:
                yield f"{place}: {error}; the values are {', '.join(context)}"


def _flow_texts(flow: Flow) -> Iterator[tuple[str, str]]:
    """Every text of a flow that is filled, with its place."""
    for field in ("opening", "closing"):
        for band, text in getattr(flow, field).items():
            yield f"{field} ({band})", text
    for band, text in (flow.another.ask if flow.another else {}).items():
        yield f"another ({band})", text
    for question in flow.questions:
        for field in ("ask", "starter", "example", "hint"):
            for band, text in getattr(question, field).items():
                yield f"question {question.id!r}, {field} ({band})", text


# -- messages --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    language: str
    name: str
    source: str


def _places(catalog: Catalog, language: str) -> Iterator[_Place]:
    for name in catalog.messages(language):
        yield _Place(language, name, catalog.source(language, f"messages/{name}{MESSAGE}"))


def _messages(check: _Check, language: str) -> Iterator[str]:
    for place in _places(check.catalog, language):
        yield from (f"{place.source}: {problem}" for problem in _message_problems(check, place))


def _message_problems(check: _Check, place: _Place) -> Iterator[str]:
    contexts = check.contexts.get(place.name)
    if contexts is None:
        yield "no message of this name is ever said; rename it, or give it contexts in bot/prompts_check.toml"
        return
    yield from _unknown_values(check.catalog, place, contexts)
    documents, problems = _rendered(check.catalog, place, contexts)
    yield from problems
    for rendered in documents:
        yield from _document_problems(rendered)
    if place.name in FAMILY_MESSAGES or place.name.startswith(FAMILY_PREFIXES):
        yield from _reading(documents, place.language)


def _rendered(
    catalog: Catalog, place: _Place, contexts: Sequence[Mapping[str, Any]]
) -> tuple[list[Document], list[str]]:
    """The message in each of its contexts, and what is wrong where it does not render."""
    documents, problems = [], []
    for context in contexts:
        try:
            documents.append(catalog.render(place.language, place.name, context))
        except PromptsError as error:
            problems += [problem.removeprefix(f"{place.source}: ") for problem in error.problems]
        except (ValueError, TypeError) as error:
            problems.append(f"{error}; check how the values are used")
    return documents, problems


def _unknown_values(catalog: Catalog, place: _Place, contexts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Names a template uses in any branch that its message is never given."""
    try:
        used = catalog.names_used(place.language, place.name)
    except PromptsError:
        return  # rendering says what is wrong with it
    given = {name for context in contexts for name in context}
    for name in sorted(used - given):
        yield f"uses {name!r}, which this message is not given; it has {', '.join(sorted(given)) or 'no values'}"


def _document_problems(rendered: Document) -> Iterator[str]:
    if not messages(rendered):
        yield "nothing to read for one of its contexts; say something in every case"
    for part in rendered.parts:
        if isinstance(part, Heading) and part.level == 1 and len(part_text(part)) > HEADER:
            yield f"a heading of {len(part_text(part))} characters; keep it within {HEADER}"
        if not isinstance(part, (Words, Slot, Divider)) and not _READ.search(part_text(part)):
            yield f"a line of only {part_text(part)!r}; a student's words stand by themselves, put nothing around them"
    if sum(len(_EMOJI.findall(part_text(part))) for part in rendered.parts if not isinstance(part, Words)) > 1:
        yield "more than one emoji; one at most"


def _reading(documents: Sequence[Document], language: str) -> Iterator[str]:
    lines = [part_text(part) for rendered in documents for part in rendered.parts if _is_prose(part)]
    level = grade(dict.fromkeys(lines), language)
    if level is not None and level > FAMILY_GRADE:
        yield f"reads at grade {level:.1f}; families should need {FAMILY_GRADE} at most: shorter sentences and words"


def _is_prose(part: Part) -> bool:
    return not isinstance(part, (Words, Slot, Divider, Heading)) and len(part_text(part).split()) > 3


# -- labels and words ------------------------------------------------------------------------------------------------


def _labels(catalog: Catalog, language: str) -> Iterator[str]:
    source = catalog.source(language, "labels.toml")
    if not catalog.labels(language):
        yield f"{source}: no labels; add the file, nothing can be tapped without"
    for key, text in catalog.labels(language).items():
        shown = _JINJA.sub("", text)
        limit = next(size for pattern, size in _LABEL_SIZES if re.match(pattern, key))
        if not text.strip():
            yield f"{source}: label {key!r} is empty; give it words"
        elif len(shown) > limit:
            yield f"{source}: label {key!r} has {len(shown)} characters; Slack shows {limit} there, shorten it"
        if key == "channel.name" and shown and not _CHANNEL.fullmatch(shown):
            yield f"{source}: label {key!r}: a channel's name has only a-z, 0-9, - and _; change the rest"


def _unsaid(check: _Check, language: str) -> Iterator[str]:
    """Words the coach does not say: praise of the person, superlatives."""
    banned = check.banned.get(language)
    if banned is None:
        return
    for source, text in _said(check, language):
        for found in banned.finditer(_JINJA.sub(" ", text)):
            yield f"{source}: says {found[0]!r}; name what was done instead, plainly"


def _said(check: _Check, language: str) -> Iterator[tuple[str, str]]:
    catalog = check.catalog
    for name in catalog.messages(language):
        yield catalog.source(language, f"messages/{name}{MESSAGE}"), catalog.text(language, f"messages/{name}{MESSAGE}")
    for key, text in catalog.labels(language).items():
        yield f"{catalog.source(language, 'labels.toml')}: {key}", text
    for (spoken, name), flow in check.flows.items():
        if spoken == language:
            source = catalog.source(language, f"flows/{name}.toml")
            yield from ((f"{source}: {place}", text) for place, text in _flow_texts(flow))
            yield source, f"{flow.title}\n{flow.about}"
            yield from ((source, option.label) for question in flow.questions for option in question.options)
    yield from _probes_said(catalog, language)


def _probes_said(catalog: Catalog, language: str) -> Iterator[tuple[str, str]]:
    try:
        rules = catalog.lexicon(language).get("rule", {})
    except PromptsError:
        return
    for name, rule in rules.items():
        if isinstance(rule, Mapping):
            asked = rule.get("ask", "")
            texts = [*(asked.values() if isinstance(asked, Mapping) else [asked]), *rule.get("starters", ())]
            yield from ((f"{catalog.source(language, 'lexicon.toml')}: rule {name!r}", text) for text in texts)
