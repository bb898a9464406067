"""Documents: what Markdown becomes, and that values and words come through as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from prompts import Catalog
from prompts.formats import local_clock
from prompts.markdown import (
    Divider,
    Document,
    Heading,
    Instant,
    ListItem,
    Paragraph,
    Quote,
    Span,
    Words,
    document,
    escape,
    html,
    plain,
    tame,
    terminal,
)
from prompts.splitting import shorten, split_text
from tests.naughty import naughty_texts

EVERYTHING = """# Title

A *first* **bold** `code` line
and a second, [a link](https://x.example/a_b).

1. one
2. two
   - deep

> small

---
"""


def test_each_kind_of_markdown_becomes_its_part() -> None:
    assert document(EVERYTHING) == Document(
        (
            Heading((Span("Title"),), 1),
            Paragraph(
                (
                    Span("A "),
                    Span("first", italic=True),
                    Span(" "),
                    Span("bold", bold=True),
                    Span(" "),
                    Span("code", code=True),
                    Span(" line\nand a second, "),
                    Span("a link", link="https://x.example/a_b"),
                    Span("."),
                )
            ),
            ListItem((Span("one"),), 1),
            ListItem((Span("two"),), 2),
            ListItem((Span("deep"),), None, 1),
            Quote((Span("small"),)),
            Divider(),
        )
    )


def test_the_plain_text_holds_everything_with_addresses() -> None:
    assert plain(document(EVERYTHING)) == (
        "Title\nA first bold code line\nand a second, a link (https://x.example/a_b).\n1. one\n2. two\n  • deep\nsmall"
    )


def test_the_terminal_sets_headings_off_and_indents_context() -> None:
    assert terminal(document("# Title\n\nLine\n\n> small")) == "Title\n\nLine\n    small"


def test_html_nests_lists_and_escapes() -> None:
    shown = html(document("1. a < b\n   - deep\n\n[x](https://x.example/?a=1&b=2) <b>"))
    assert shown == (
        '<ol>\n<li value="1">a &lt; b</li>\n<ul>\n<li>deep</li>\n</ul>\n</ol>\n'
        '<p><a href="https://x.example/?a=1&amp;b=2">x</a> &lt;b&gt;</p>'
    )


def test_html_in_markdown_stays_text() -> None:
    assert document("<script>x</script>").parts == (Paragraph((Span("<script>x</script>"),)),)


def test_only_web_addresses_become_links() -> None:
    assert "<a " not in html(document("[x](ftp://x.example) [y](data:text/html,hi)"))


@given(naughty_texts)
def test_an_escaped_value_reads_exactly_so(value: str) -> None:
    parts = document(f"Hi {escape(value)}!").parts
    shown = tame(value).replace("\ufffd", "")
    assert plain(Document(parts)).replace("\ufffd", "") == f"Hi {shown}!"
    assert all(span == Span(span.text) for part in parts if isinstance(part, Paragraph) for span in part.spans)


@given(naughty_texts)
def test_words_in_html_are_escaped(text: str) -> None:
    shown = html(Document((Words(text),)))
    inside = shown.removeprefix('<blockquote class="words">').removesuffix("</blockquote>").replace("<br>", "")
    assert not regex.search(r"[<>\"']", inside)


@given(naughty_texts, st.integers(1, 3000))
def test_splitting_loses_nothing_and_keeps_the_limit(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces)


@given(naughty_texts, st.integers(40, 3000))
def test_splitting_cuts_between_graphemes(text: str, limit: int) -> None:
    if max((len(grapheme) for grapheme in regex.findall(r"\X", text)), default=0) <= limit:
        ends = {match.end() for match in regex.finditer(r"\X", text)}
        at = 0
        for piece in split_text(text, limit):
            at += len(piece)
            assert at in ends


def test_splitting_prefers_the_end_of_a_line_then_of_a_word() -> None:
    assert split_text("one two\nthree four", 12) == ["one two\n", "three four"]
    assert split_text("one two three four", 15) == ["one two three ", "four"]


@given(naughty_texts, st.integers(1, 200))
def test_a_shortened_text_keeps_the_limit(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_a_moment_keeps_its_instant_and_reads_by_the_schools_clock(tmp_path: Path) -> None:
    message = tmp_path / "en" / "messages" / "own.md.j2"
    message.parent.mkdir(parents=True)
    message.write_text("See you **{{ at | local_day }} at {{ at | local_clock }}**, {{ who }}.", encoding="utf-8")
    rendered = Catalog.load(tmp_path).render("en", "own", {"at": "2026-12-10T17:30:00-05:00", "who": "A\ufdd0B"})
    day, clock = Instant(1796941800, "day"), Instant(1796941800, "clock")
    (part,) = rendered.parts
    assert isinstance(part, Paragraph)
    assert [(span.text, span.instant) for span in part.spans if span.bold] == [
        ("Thursday 10 December", day), (" at ", None), ("17:30", clock),
    ]  # fmt: skip
    assert plain(rendered) == "See you Thursday 10 December at 17:30, AB."
    with pytest.raises(ValueError, match="names no offset"):
        local_clock("2026-12-10T17:30:00")
