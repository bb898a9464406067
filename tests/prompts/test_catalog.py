"""The catalog: a school's texts over ours, values that stay values, words that stay words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts import Catalog, PromptsError
from prompts.markdown import Document, Heading, ListItem, Paragraph, Quote, Slot, Span, Words, plain, tame
from tests.naughty import naughty_texts
from tests.prompts.folders import lay

TEXTS = {
    "en/messages/greet.md.j2": "Hi **{{ name }}**, see you {{ date | day }} at {{ time | clock }}.\n",
    "es/messages/greet.md.j2": "Hola, {{ name }}: nos vemos el {{ date | day }} a las {{ time | clock }}.\n",
    "en/messages/only_english.md.j2": "With {{ people | names }}.",
    "en/messages/say.md.j2": 'You wrote: {{ text | words }}\n> {{ note }}\n\n{{ slot("item-" ~ n) }}\n',
    "en/messages/link.md.j2": "[{{ title }}]({{ url }})",
    "en/messages/ours.md.j2": "{{ question | md }}",
    "en/messages/whole.md.j2": '{% include "greet.md.j2" %}',
    "en/messages/every_place.md.j2": (
        "# {{ x }}\n\n{{ x }}\n\n- {{ x }}\n\n> {{ x }}\n\n**{{ x }}** [{{ x }}](https://a.example/{{ x }})"
    ),
    "en/labels.toml": '[button]\nstart = "Start"\n[channel]\nname = "conf-{{ first }}"\n',
    "de/labels.toml": '[button]\nstart = "Los"\n',
}
WHO = {"name": "Noor", "date": "2026-12-10", "time": "17:30"}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return Catalog.load(lay(tmp_path_factory.mktemp("school"), TEXTS))


def test_dates_and_times_read_as_the_language_writes_them(catalog: Catalog) -> None:
    assert plain(catalog.render("en", "greet", WHO)) == "Hi Noor, see you Thursday 10 December at 17:30."
    assert plain(catalog.render("es", "greet", WHO)) == "Hola, Noor: nos vemos el jueves 10 de diciembre a las 17:30."


def test_a_whole_instant_can_be_shown_as_day_and_clock(catalog: Catalog) -> None:
    both = WHO | {"date": "2026-12-10T21:40:00-05:00", "time": "2026-12-10T21:40:00-05:00"}
    assert plain(catalog.render("en", "greet", both)) == "Hi Noor, see you Thursday 10 December at 21:40."


def test_a_missing_message_is_said_in_english(catalog: Catalog) -> None:
    people = {"people": ["A", "B", "C"]}
    assert plain(catalog.render("en", "only_english", people)) == "With A, B and C."
    assert plain(catalog.render("es", "only_english", people)) == "With A, B y C."
    assert plain(catalog.render("xx", "only_english", people)) == "With A, B and C."


def test_words_and_slots_are_parts_of_their_own(catalog: Catalog) -> None:
    rendered = catalog.render("en", "say", {"text": "# i *did*\nit", "note": "1 of 4", "n": 2})
    assert rendered == Document(
        (Paragraph((Span("You wrote:"),)), Words("# i *did*\nit"), Quote((Span("1 of 4"),)), Slot("item-2"))
    )


def test_a_message_can_include_another(catalog: Catalog) -> None:
    assert catalog.render("en", "whole", WHO) == catalog.render("en", "greet", WHO)


@given(naughty_texts)
def test_words_arrive_verbatim(catalog: Catalog, text: str) -> None:
    parts = catalog.render("en", "say", {"text": text, "note": "n", "n": 1}).parts
    assert [part.text for part in parts if isinstance(part, Words)] == ([text] if text.strip() else [])


@given(naughty_texts)
def test_a_value_never_formats_or_breaks_out_of_its_place(catalog: Catalog, value: str) -> None:
    parts = catalog.render("en", "every_place", {"x": value}).parts
    shown = tame(value)
    if shown.strip():
        assert parts[:4] == (
            Heading((Span(shown),)),
            Paragraph((Span(shown),)),
            ListItem((Span(shown),)),
            Quote((Span(shown),)),
        )
        last = parts[4]
        assert isinstance(last, Paragraph)
        assert [span.text for span in last.spans] == [shown, " ", shown]


@given(naughty_texts)
def test_a_filled_text_reads_as_its_values(catalog: Catalog, value: str) -> None:
    question = catalog.fill("en", "About {{ goal }}: *what* next?", {"goal": value})
    rendered = plain(catalog.render("en", "ours", {"question": question}))
    assert rendered.replace("\ufffd", "") == f"About {tame(value)}: what next?".replace("\ufffd", "")


def test_a_text_without_values_is_left_as_it_is(catalog: Catalog) -> None:
    assert catalog.fill("en", "*What* next?", {}) == "*What* next?"


@given(st.sampled_from(["javascript:alert(1)", "https://x.example/a b", 'https://x.example/"><b>', ""]))
def test_a_value_that_is_no_web_address_makes_no_working_link(catalog: Catalog, url: str) -> None:
    assert plain(catalog.render("en", "link", {"title": "work", "url": url})) == "work"


def test_a_web_address_makes_a_link(catalog: Catalog) -> None:
    url = "https://x.example/a_(b)*c*?d=1&e=2"
    assert plain(catalog.render("en", "link", {"title": "work", "url": url})) == f"work ({url})"


def test_a_value_that_is_not_given_is_named_with_the_file(catalog: Catalog) -> None:
    with pytest.raises(PromptsError, match=r"greet\.md\.j2: 'time' is undefined"):
        catalog.render("en", "greet", {"name": "Noor", "date": "2026-12-10"})


def test_a_message_that_does_not_exist_is_named(catalog: Catalog) -> None:
    with pytest.raises(PromptsError, match=r"en/messages/none\.md\.j2: no such message"):
        catalog.render("en", "none", {})


def test_a_template_cannot_reach_into_python(tmp_path: Path) -> None:
    catalog = Catalog.load(lay(tmp_path, {"en/messages/bad.md.j2": "{{ name.__class__.__mro__ }}"}))
    with pytest.raises(PromptsError):
        catalog.render("en", "bad", {"name": "Noor"})


def test_labels_are_plain_text_with_their_values(catalog: Catalog) -> None:
    assert catalog.label("en", "button.start") == "Start"
    assert catalog.label("en", "channel.name", first="*no_or*") == "conf-*no_or*"
    assert catalog.label("de", "button.start") == "Los"


def test_a_label_a_language_lacks_is_said_in_english(catalog: Catalog) -> None:
    assert catalog.label("de", "channel.name", first="noor") == "conf-noor"


def test_a_label_nobody_has_is_named(catalog: Catalog) -> None:
    with pytest.raises(PromptsError, match=r"no label 'button\.none'"):
        catalog.label("en", "button.none")


def test_a_label_that_lacks_a_value_is_named(catalog: Catalog) -> None:
    with pytest.raises(PromptsError, match=r"labels\.toml: channel\.name: 'first' is undefined"):
        catalog.label("en", "channel.name")


def test_an_overlay_replaces_file_by_file_and_may_add_a_language(catalog: Catalog) -> None:
    packaged = Catalog.load()
    assert catalog.languages == ("en", *sorted({*packaged.languages, "de"} - {"en"}))
    assert catalog.flow_names("en") == packaged.flow_names("en")
    assert set(catalog.messages("en")) > set(packaged.messages("en"))


def test_the_last_overlay_wins(tmp_path: Path) -> None:
    first = lay(tmp_path / "one", {"en/messages/greet.md.j2": "one"})
    second = lay(tmp_path / "two", {"en/messages/greet.md.j2": "two"})
    assert plain(Catalog.load(first, second).render("en", "greet", {})) == "two"


def test_all_files_that_cannot_be_read_are_named_at_once(tmp_path: Path) -> None:
    folder = lay(tmp_path, {"en/labels.toml": "a =", "es/flows/goals.toml": "[["})
    (folder / "en/messages").mkdir(parents=True)
    (folder / "en/messages/greet.md.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(PromptsError) as caught:
        Catalog.load(folder)
    named = "\n".join(problem for problem in caught.value.problems if str(folder) in problem)
    for name in ("en/labels.toml", "es/flows/goals.toml", "en/messages/greet.md.j2"):
        assert str(folder / name) in named


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PromptsError, match="no such folder"):
        Catalog.load(tmp_path / "nowhere")
