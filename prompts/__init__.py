"""What is said: flows, messages, labels and word lists of each language, with a school's own folder laid over them."""

from __future__ import annotations

import re
import threading
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, StrictUndefined, Template, TemplateError, TemplateNotFound, nodes, pass_context
from jinja2.runtime import Context

from prompts.formats import clock, day, local_clock, local_day, names, short_day
from prompts.limits import Templates, plain, rendered
from prompts.markdown import END, SLOT, VALUE, WORDS, Document, Moment, document, escape

__all__ = ["Catalog", "PromptsError"]

FALLBACK = "en"
MESSAGE = ".md.j2"
LARGEST_FILE = 500_000
"""Bytes of one file of texts; the longest packaged one is a tenth of it."""
MOST_FILES = 2_000
"""Files in a school's own folder of texts; there are some 200 for each language."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?")
_KNOWN = re.compile(r"flows/[a-z_]+\.toml|messages/[a-z_]+\.md\.j2|(labels|lexicon|safety|safety_sentences)\.toml")
_MARKS = re.compile(f"[{VALUE}{WORDS}{SLOT}{END}]")


_UNFIT = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)
"""What Python raises where a template does with a value what cannot be done."""


class PromptsError(Exception):
    """Texts cannot be used: every problem names the file, what is wrong and the remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class _Ours(str):
    """Markdown of our own, to be parsed."""

    __slots__ = ()


class _Verbatim(str):
    """A student's own words."""

    __slots__ = ()


class _Place(str):
    """The name of a slot."""

    __slots__ = ()


class Catalog:
    """All texts, read once; rendering touches no file. Safe to share between threads."""

    def __init__(self, files: Mapping[str, Mapping[str, Path]], strays: Sequence[Path] = ()) -> None:
        """`files` holds, for each language, the file for each relative path; problems raise PromptsError."""
        self.strays = tuple(strays)
        self._files = files
        self._tables, self._texts = _read(files)
        self.languages = tuple(sorted(files, key=lambda language: (language != FALLBACK, language)))
        self._labels = {language: _flat(self._tables[language].get("labels.toml", {})) for language in files}
        self._voices = {language: _Voice(language, self._sources(language)) for language in files}

    @classmethod
    def load(cls, *overlays: Path) -> Catalog:
        """The packaged texts with each overlay folder laid over them, file by file; an overlay may add a language.

        Raises PromptsError listing every file that cannot be read.
        """
        missing = [f"{overlay}: no such folder; name the one that holds en/, es/ …" for overlay in overlays]
        missing = [problem for overlay, problem in zip(overlays, missing, strict=True) if not overlay.is_dir()]
        if missing:
            raise PromptsError(missing)
        files: dict[str, dict[str, Path]] = {}
        strays: list[Path] = []
        for overlay in overlays:
            strays += [path for path in sorted(overlay.iterdir()) if path.is_file() and _KNOWN.fullmatch(path.name)]
        for root in (Path(__file__).parent, *overlays):
            for folder in sorted(path for path in root.iterdir() if path.is_dir() and _LANGUAGE.fullmatch(path.name)):
                there = list(islice(folder.rglob("*"), MOST_FILES + 1))
                if len(there) > MOST_FILES:
                    raise PromptsError([f"{folder}: more than {MOST_FILES:,} files; name a folder of texts only"])
                found = {path.relative_to(folder).as_posix(): path for path in there if path.is_file()}
                strays += [path for name, path in found.items() if not _KNOWN.fullmatch(name)]
                if known := {name: path for name, path in found.items() if _KNOWN.fullmatch(name)}:
                    files.setdefault(folder.name, {}).update(known)
        return cls(files, strays)

    # -- flows, labels, lists ----------------------------------------------------------------------------------------

    def flow_names(self, language: str) -> tuple[str, ...]:
        """Names of the flows this language has itself, sorted."""
        return self._names(language, "flows/", ".toml")

    def flow(self, language: str, name: str) -> Mapping[str, Any]:
        """The tables of a flow's file; the English ones if the language lacks it."""
        return self._table(language, f"flows/{name}.toml")

    def lexicon(self, language: str) -> Mapping[str, Any]:
        """The tables of the coach's word lists."""
        return self._table(language, "lexicon.toml")

    def safety(self, language: str) -> Mapping[str, Any]:
        """The tables of the word lists that call for a person."""
        return self._table(language, "safety.toml")

    def sentences(self, language: str) -> Mapping[str, Any]:
        """The sentences this language has itself to count by what its word lists notice; {} where it has none."""
        return self._tables.get(language, {}).get("safety_sentences.toml", {})

    def labels(self, language: str) -> Mapping[str, str]:
        """All labels this language has itself, by dotted key."""
        return self._labels.get(language, {})

    def label(self, language: str, key: str, **values: object) -> str:
        """The label of a dotted key as plain text with its values; PromptsError where it or a value is missing."""
        for candidate in (language, FALLBACK):
            text = self._labels.get(candidate, {}).get(key)
            if text is not None:
                return self._filled_label(candidate, key, text, values) if "{" in text else text
        raise PromptsError([f"{self.source(language, 'labels.toml')}: no label {key!r}; add it"])

    def _filled_label(self, language: str, key: str, text: str, values: Mapping[str, object]) -> str:
        try:
            return self._voice(language).words(text, values)
        except TemplateError as error:
            raise PromptsError([f"{self.source(language, 'labels.toml')}: {key}: {_reason(error)}"]) from error

    def source(self, language: str, relative: str) -> str:
        """How to name a file in a problem: `en/labels.toml`, with an overlay's folder before it."""
        return _named(self._files.get(language, {}).get(relative), language, relative)

    # -- messages ----------------------------------------------------------------------------------------------------

    def messages(self, language: str) -> tuple[str, ...]:
        """Names of the messages this language has itself, sorted."""
        return self._names(language, "messages/", MESSAGE)

    def text(self, language: str, relative: str) -> str:
        """A message file's own text, unrendered."""
        return self._texts[language][relative]

    def names_used(self, language: str, name: str) -> set[str]:
        """Every value the message may ask its context for, in any branch; PromptsError if it cannot be parsed."""
        source = self.text(language, f"messages/{name}{MESSAGE}")
        try:
            return self._voice(language).names_used(source)
        except TemplateError as error:
            raise PromptsError([f"{language}/messages/{name}{MESSAGE}: {_reason(error)}"]) from error

    def render(self, language: str, name: str, context: Mapping[str, Any]) -> Document:
        """The message `name` with its context; PromptsError names the file and the value that is missing."""
        voice = self._voice(language)
        try:
            return voice.message(f"{name}{MESSAGE}", context)
        except TemplateNotFound as error:
            raise PromptsError([f"{language}/messages/{error.name}: no such message; add the file"]) from None
        except TemplateError as error:
            source = self.source(language, f"messages/{name}{MESSAGE}")
            raise PromptsError([f"{source}: {_reason(error)}"]) from error
        except _UNFIT as error:  # named without its text, which may be somebody's words
            source = self.source(language, f"messages/{name}{MESSAGE}")
            raise PromptsError([f"{source}: a value is used as what it is not ({type(error).__name__})"]) from None

    def fill(self, language: str, text: str, context: Mapping[str, Any]) -> str:
        """A text of a flow (a question's wording) as Markdown, its values escaped; PromptsError as `render`."""
        if "{" not in text:
            return text
        try:
            return self._voice(language).filled(text, context)
        except TemplateError as error:
            raise PromptsError([f"{language}: {text[:60]!r}: {_reason(error)}"]) from error

    # -- inside ------------------------------------------------------------------------------------------------------

    def _voice(self, language: str) -> _Voice:
        return self._voices.get(language) or self._voices[FALLBACK]

    def _sources(self, language: str) -> dict[str, str]:
        return {
            relative.removeprefix("messages/"): text
            for candidate in (FALLBACK, language)
            for relative, text in self._texts.get(candidate, {}).items()
        }

    def _names(self, language: str, prefix: str, suffix: str) -> tuple[str, ...]:
        files = self._files.get(language, {})
        return tuple(sorted(name[len(prefix) : -len(suffix)] for name in files if name.startswith(prefix)))

    def _table(self, language: str, relative: str) -> Mapping[str, Any]:
        for candidate in (language, FALLBACK):
            if (table := self._tables.get(candidate, {}).get(relative)) is not None:
                return table
        raise PromptsError([f"{language}/{relative}: no such file; add it"])


class _Voice:
    """One language's templates: compiled at first use, then kept."""

    def __init__(self, language: str, sources: dict[str, str]) -> None:
        self._messages = _environment(language, _mark, DictLoader(sources))
        self._texts = _environment(language, _escaped, None)
        self._labels = _environment(language, _bare, None)
        self._compiled: dict[tuple[int, str], Template] = {}
        self._compiling = threading.Lock()

    def message(self, name: str, context: Mapping[str, Any]) -> Document:
        template = self._compiled.get((0, name)) or self._compile(0, name, self._messages.get_template)
        values: list[str] = []
        return document(rendered(template, {**context, "__values": values}), values)

    def filled(self, text: str, context: Mapping[str, Any]) -> str:
        template = self._compiled.get((1, text)) or self._compile(1, text, self._texts.from_string)
        return rendered(template, dict(context))

    def words(self, text: str, context: Mapping[str, Any]) -> str:
        template = self._compiled.get((2, text)) or self._compile(2, text, self._labels.from_string)
        return rendered(template, dict(context))

    def names_used(self, source: str) -> set[str]:
        named = list(self._messages.parse(source).find_all(nodes.Name))
        own = {name.name for name in named if name.ctx == "store"} | self._messages.globals.keys() | {"loop"}
        return {name.name for name in named} - own

    def _compile(self, kind: int, text: str, compile_text: Callable[[str], Template]) -> Template:
        with self._compiling:
            return self._compiled.setdefault((kind, text), compile_text(text))


def _environment(language: str, finalize: Callable[..., str], loader: DictLoader | None) -> Templates:
    environment = Templates(
        loader=loader,
        undefined=StrictUndefined,
        autoescape=False,  # the output is Markdown, and values never become part of it
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        words=_Verbatim,
        md=_ours,
        day=lambda value: day(value, language),
        short_day=lambda value: short_day(value, language),
        clock=clock,
        local_day=lambda value: local_day(value, language),
        local_clock=local_clock,
        names=lambda value: names(tuple(value), language),
    )
    environment.globals["slot"] = _Place
    return environment


def _ours(value: object) -> _Ours:
    return _Ours(_MARKS.sub("", str(value)))


@pass_context
def _mark(context: Context, value: object) -> str:
    """What stands in the text for an inserted value: a mark that points to it (see prompts.markdown)."""
    if isinstance(value, _Ours):
        return value
    values: list[str] = context["__values"]
    values.append(value if isinstance(value, Moment) else "" if value is None else str(plain(value)))
    if isinstance(value, _Verbatim):
        return f"\n\n{WORDS}{len(values) - 1}{END}\n\n"
    if isinstance(value, _Place):
        return f"\n\n{SLOT}{len(values) - 1}{END}\n\n"
    return f"{VALUE}{len(values) - 1}{END}"


def _escaped(value: object) -> str:
    if isinstance(value, _Ours):
        return value
    return "" if value is None else escape(str(plain(value)))


def _bare(value: object) -> str:
    return "" if value is None else str(plain(value))


def _read(
    files: Mapping[str, Mapping[str, Path]],
) -> tuple[dict[str, dict[str, Mapping[str, Any]]], dict[str, dict[str, str]]]:
    """The tables of all TOML files and the texts of all messages, by language and relative path."""
    tables: dict[str, dict[str, Mapping[str, Any]]] = {language: {} for language in files}
    texts: dict[str, dict[str, str]] = {language: {} for language in files}
    problems = []
    for language, relative, path in (
        (lang, name, path) for lang, paths in files.items() for name, path in paths.items()
    ):
        try:
            if path.stat().st_size > LARGEST_FILE:
                problems.append(f"{_named(path, language, relative)}: larger than {LARGEST_FILE:,} bytes; shorten it")
                continue
            text = path.read_text(encoding="utf-8")
            if relative.endswith(".toml"):
                tables[language][relative] = tomllib.loads(text)
            else:
                texts[language][relative] = text
        except UnicodeDecodeError:
            problems.append(f"{_named(path, language, relative)}: not UTF-8; save it as UTF-8")
        except tomllib.TOMLDecodeError as error:
            problems.append(f"{_named(path, language, relative)}: {error}; mend the TOML there")
    if problems:
        raise PromptsError(problems)
    return tables, texts


def _named(path: Path | None, language: str, relative: str) -> str:
    packaged = path is None or path.is_relative_to(Path(__file__).parent)
    return f"{language}/{relative}" if packaged else str(path)


def _flat(tables: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat


def _reason(error: TemplateError) -> str:
    line = getattr(error, "lineno", None)
    place = f"line {line}: " if line else ""
    return f"{place}{error.message}; use only the values this message is given"
