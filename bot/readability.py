"""At what school grade a text can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from textstat.backend import metrics  # type: ignore[import-untyped]

# Only formulas that need no downloaded dictionary: textstat counts English syllables with one, so English goes by
# letters (the Automated Readability Index). Fernández Huerta's ease of Spanish texts is mapped to grades by the scale
# published with it: 90 and above is grade 4, 80 grade 5, 70 grade 6, 60 grade 8, 50 grade 10, below that 12 and more.
_EASE = ((90, 4), (80, 5), (70, 6), (60, 8), (50, 10))
_SENTENCE_ENDS = re.compile(r"[.!?…:;]\s*$")


def grade(lines: Iterable[str], language: str) -> float | None:
    """The school grade at which `lines` (a sentence or more each) can be read; None if the language has no formula."""
    formula = _FORMULAS.get(language)
    text = " ".join(line if _SENTENCE_ENDS.search(line) else f"{line}." for line in lines if line.strip())
    return formula(text) if formula and text else None


def _english(text: str) -> float:
    return float(metrics.automated_readability_index(text))


def _spanish(text: str) -> float:
    ease = metrics.fernandez_huerta(text, "es")
    return next((float(grade) for bound, grade in _EASE if ease >= bound), 12.0)


_FORMULAS: Mapping[str, Callable[[str], float]] = {"en": _english, "es": _spanish}
