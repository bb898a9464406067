"""Blocks: within Slack's sizes whatever is in them, a student's words verbatim, nothing lost, controls come back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.blocks import (
    Button,
    Checkboxes,
    Input,
    Link,
    Row,
    Select,
    about,
    blocks,
    entered,
    from_json,
    home,
    messages,
    modal,
    to_json,
)
from prompts.markdown import (
    Divider,
    Document,
    Heading,
    Instant,
    ListItem,
    Paragraph,
    Part,
    Quote,
    Slot,
    Span,
    Words,
    document,
    plain,
)
from tests.naughty import NAUGHTY, naughty_texts

Json = dict[str, Any]


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}}


def mrkdwn(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def text_objects(value: object) -> Iterator[Json]:
    """Every text object anywhere in blocks."""
    if isinstance(value, dict):
        if value.get("type") in ("plain_text", "mrkdwn"):
            yield value
        else:
            for inner in value.values():
                yield from text_objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from text_objects(inner)


def ids(value: object, key: str) -> list[str]:
    if isinstance(value, dict):
        return [value[name] for name in (key,) if name in value] + [
            found for inner in value.values() for found in ids(inner, key)
        ]
    return [found for inner in value for found in ids(inner, key)] if isinstance(value, list) else []


def within_sizes(shown: list[Json]) -> None:
    """Slack's sizes (slack/facts): any block beyond them would be refused."""
    for block in shown:
        limit = {"header": 150}.get(block["type"], 3000)
        if block["type"] in ("header", "section"):
            assert 0 < len(block["text"]["text"]) <= limit
        if block["type"] == "context":
            assert 0 < len(block["elements"]) <= 10
        if block["type"] == "actions":
            assert 0 < len(block["elements"]) <= 25
        assert len(block.get("block_id", "")) <= 255
        assert all(text["text"].strip() and len(text["text"]) <= 3000 for text in text_objects(block))
    assert len(set(ids(shown, "action_id"))) == len(ids(shown, "action_id"))
    assert len(set(ids(shown, "block_id"))) == len(ids(shown, "block_id"))


# -- what each part becomes ------------------------------------------------------------------------------------------


def test_each_part_becomes_its_block() -> None:
    text = "# Title\n\nOne\ntwo.\n\n1. a\n2. b\n   - c\n\n## Under\n\n> small\n\n---\n\nA **bold** *slant* `x` [l](https://x.example)"
    assert blocks(document(text)) == [
        {"type": "header", "text": {"type": "plain_text", "text": "Title", "emoji": False}},
        section("One\ntwo.\n1. a\n2. b\n    • c"),
        mrkdwn("*Under*"),
        {"type": "context", "elements": [{"type": "plain_text", "text": "small", "emoji": False}]},
        {"type": "divider"},
        mrkdwn("A *bold* _slant_ `x` <https://x.example|l>"),
    ]


def test_sentences_share_a_section_with_a_free_line_between() -> None:
    assert blocks(document("One.\n\nTwo.")) == [section("One.\n\nTwo.")]


def test_a_sentence_that_starts_in_bold_opens_a_section() -> None:
    assert blocks(document("One.\n\n**Two** (1 min)\n\nThree.")) == [section("One."), mrkdwn("*Two* (1 min)\n\nThree.")]


def test_a_heading_too_long_for_a_header_is_kept_whole() -> None:
    title = "long " * 40
    assert blocks(document(f"# {title}")) == [mrkdwn(f"*{title.strip()}*")]


@pytest.mark.parametrize("value", ["*b* _i_ ~s~ `c`", "<!channel> <@U1>", "&amp;", ":tada:", "http://x.example", "> q"])
def test_a_value_in_a_formatted_sentence_cannot_format_ping_or_link(value: str) -> None:
    (block,) = blocks(Document((Paragraph((Span(value), Span(" said "), Span("Noor", bold=True))),)))
    shown = block["text"]["text"]
    assert block["text"]["verbatim"] is True
    assert shown.endswith(" said *Noor*")
    assert not re.search(r"[*_~`<>]|:\w+:|^&gt;", shown.removesuffix(" said *Noor*"))
    assert "&" not in re.sub(r"&(amp|lt|gt);", "", shown)


def test_formatting_touches_the_text_it_formats() -> None:
    (block,) = blocks(Document((Paragraph((Span(" a b ", bold=True), Span("\n\nc\nd", italic=True))),)))
    assert block["text"]["text"] == " *a b* \n\n_c_\n_d_"


def test_a_moment_is_on_the_readers_own_clock_and_cannot_end_early() -> None:
    told = Span("Thursday | ^ <!channel>", bold=True, instant=Instant(1796941800, "day"))
    content = Document((Paragraph((Span("See you "), told, Span(" then", bold=True))),))
    (message,), (block,) = messages(content), blocks(content)
    shown = "<!date^1796941800^{date_long}|Thursday ¦ ˆ &lt;!channel&gt;>"
    assert block == mrkdwn(f"See you *{shown} then*")
    assert message.text == f"See you {shown} then"
    assert len(messages(Document((Paragraph((told,) * 400),)))[0].text) < 4000


def test_words_that_look_like_a_mark_are_no_ping() -> None:
    (message,) = messages(Document((Words("\ufdd0!channel\ufdd3 \ufdd0!date^1^{time}|x<!here>\ufdd3"),)))
    assert not {"<!channel", "<!here"} & {*re.findall(r"<!\w+", message.text)}


def test_what_is_linked_to_an_endless_address_stands_without_it() -> None:
    words = "look here " * 200
    found = blocks(Document((Paragraph((Span(words, link=f"https://x.example/{'a' * 3_000}"),)),)))
    assert len(found) == 1
    assert "https" not in str(found)
    (short,) = blocks(Document((Paragraph((Span("x", link=f"https://x.example/{'a' * 1_900}"),)),)))
    assert "https://x.example/" in str(short)


def test_a_link_cannot_end_early() -> None:
    (block,) = blocks(Document((Paragraph((Span("a|b>", link="https://x.example/?a=1&b=2"),)),)))
    assert block["text"]["text"] == "<https://x.example/?a=1&amp;b=2|a¦b&gt;>"


def test_an_address_that_is_none_stays_text() -> None:
    (block,) = blocks(Document((Paragraph((Span("x", link="javascript:alert(1)"),)),)))
    assert block["text"]["text"] == "x"


# -- words and sizes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", NAUGHTY)
def test_a_students_words_are_plain_text_verbatim(text: str) -> None:
    shown = blocks(Document((Words(text),)))
    assert {block["text"]["type"] for block in shown} == {"plain_text"}
    assert not any(block["text"]["emoji"] for block in shown)
    assert (
        "".join(block["text"]["text"] for block in shown).strip() == text.strip() or text.isspace() or "\n" * 99 in text
    )


@given(naughty_texts)
def test_words_are_shown_whole(text: str) -> None:
    shown = "".join(block["text"]["text"] for block in blocks(Document((Words(text),))))
    assert shown.split() == text.split()  # only blank pieces between blocks may go
    if len(text) <= 3000 and text.strip():
        assert shown == text


spans = st.lists(
    st.builds(
        Span,
        naughty_texts,
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.sampled_from(["", "", "https://x.example/a|b", "https://x.example/" + "a" * 3500, "x:y"]),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Heading, spans, st.integers(1, 3)),
    st.builds(Paragraph, spans),
    st.builds(ListItem, spans, st.one_of(st.none(), st.integers(1, 99)), st.integers(0, 3)),
    st.builds(Quote, spans),
    st.just(Divider()),
    st.builds(Words, naughty_texts),
    st.builds(Slot, st.sampled_from(["a", "b"])),
)
documents = st.lists(parts, max_size=8).map(tuple).map(Document)
labels = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(str.strip)
options = st.lists(
    st.tuples(st.from_regex(r"[a-z]{1,8}", fullmatch=True), labels), min_size=1, max_size=120, unique_by=lambda o: o[0]
).map(tuple)
controls = st.one_of(
    st.builds(
        Button, st.sampled_from(["skip", "back"]), st.text(max_size=50), labels, st.sampled_from(["", "primary"])
    ),
    st.builds(Checkboxes, st.just("tick"), st.sampled_from(["", "v1", "v2"]), options, st.just(())),
    st.builds(Select, st.just("pick"), st.sampled_from(["", "v1", "v2"]), options, st.just(""), st.just("Choose")),
    st.builds(Link, labels, st.just("https://x.example")),
)
rows: st.SearchStrategy[dict[str, tuple[Row, ...]]] = st.dictionaries(
    st.sampled_from(["a", "b"]), st.lists(st.lists(controls, min_size=1, max_size=30).map(tuple), max_size=3).map(tuple)
)


@settings(max_examples=60, deadline=None)
@given(documents, rows)
def test_every_size_holds_in_messages(content: Document, taps: dict[str, tuple[Row, ...]]) -> None:
    posted = messages(content, taps)
    for message in posted:
        assert 0 < len(message.blocks) <= 50
        assert 0 < len(message.text) <= 3900
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", message.text)
        within_sizes(message.blocks)
    assert [block for message in posted for block in message.blocks] == blocks(content, taps)


@settings(max_examples=40, deadline=None)
@given(documents, rows)
def test_every_size_holds_at_home(content: Document, taps: dict[str, tuple[Row, ...]]) -> None:
    shown = home(content, taps)["blocks"]
    assert len(shown) <= 100
    within_sizes(shown)


def unescaped(text: Json) -> str:
    shown = str(text["text"])
    if text["type"] == "mrkdwn":
        for escaped, sign in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
            shown = shown.replace(escaped, sign)
    return shown


@settings(deadline=None)
@given(spans)
def test_a_long_formatted_sentence_is_split_and_loses_no_letter(content: tuple[Span, ...]) -> None:
    def letters(text: str) -> str:
        return "".join(re.findall(r"[a-zA-Z]", text))

    shown = blocks(Document((Paragraph(tuple(Span(span.text, span.bold, span.italic) for span in content)),)))
    joined = "".join(unescaped(block["text"]) for block in shown)
    assert letters(joined) == letters("".join(span.text for span in content))


# -- messages --------------------------------------------------------------------------------------------------------


def test_a_message_is_read_aloud_whole() -> None:
    content = document("# Hi\n\nA [link](https://x.example) & more.\n\n> 1 of 4")
    (message,) = messages(content)
    assert message.text == plain(content).replace("&", "&amp;")


def test_a_long_message_is_read_aloud_as_far_as_it_goes() -> None:
    (message,) = messages(Document((Words("word & " * 1000),)))
    assert message.text.endswith("…")
    assert 3000 < len(message.text) <= 3900


def test_an_empty_document_is_no_message() -> None:
    assert messages(Document(())) == []


def test_a_message_of_controls_alone_still_has_a_text() -> None:
    (message,) = messages(document("---"), {})
    assert message.text == "…"


def test_a_new_message_begins_at_a_heading() -> None:
    chapter: list[Part] = [Heading((Span("Part"),)), *[Words(f"w{n}") for n in range(29)]]
    assert [len(message.blocks) for message in messages(Document((*chapter, *chapter)))] == [30, 30]


def test_words_and_the_controls_under_them_stay_together() -> None:
    lines = [part for n in range(30) for part in (Words(f"w{n}"), Slot(f"item-{n}"))]
    taps = {f"item-{n}": ((Button("change", str(n), "Change"),),) for n in range(30)}
    first, second = messages(Document(tuple(lines)), taps)
    assert first.blocks[-1]["type"] == second.blocks[-1]["type"] == "actions"
    assert first.blocks[-1]["elements"][0]["value"] == "24"
    assert second.text.startswith("w25")


# -- controls --------------------------------------------------------------------------------------------------------


@given(rows)
def test_controls_survive_a_json_column(taps: dict[str, tuple[Row, ...]]) -> None:
    assert from_json(json.loads(json.dumps(to_json(taps)))) == taps


def actions_of(*row: Any) -> list[Json]:
    return blocks(Document((Slot("s"),)), {"s": (row,)})


def test_a_button_carries_its_act_and_value() -> None:
    (block,) = actions_of(Button("skip", "7:3:best_at", "Skip for now", "primary"), Link("Help", "https://x.example"))
    skip, link = block["elements"]
    assert (skip["action_id"], skip["value"], skip["style"]) == ("skip.1", "7:3:best_at", "primary")
    assert (link["action_id"], link["url"]) == ("link.2", "https://x.example")


def test_a_long_label_is_cut_at_a_word_with_an_ellipsis() -> None:
    (block,) = actions_of(Button("go", "", "a long label " * 10))
    assert (
        block["elements"][0]["text"]["text"]
        == "a long label a long label a long label a long label a long label a long…"
    )


def test_a_block_of_choices_says_what_it_is_about() -> None:
    yes_no = (("yes", "Yes"), ("no", "No"))
    first, second = actions_of(
        Select("who", "item 1", yes_no, "no"), Button("x", "", "X"), Checkboxes("t", "item 2", yes_no, ("yes",))
    )
    assert (about(first["block_id"]), about(second["block_id"])) == ("item 1", "item 2")
    assert first["elements"][0]["initial_option"]["value"] == "no"
    assert [option["value"] for option in second["elements"][0]["initial_options"]] == ["yes"]


def test_more_options_than_slack_takes_are_spread_over_several_elements() -> None:
    many = tuple((f"o{n}", f"Option {n}") for n in range(23))
    (block,) = actions_of(Checkboxes("tick", "v", many, ("o0", "o22")))
    assert [len(element["options"]) for element in block["elements"]] == [10, 10, 3]
    assert ["initial_options" in element for element in block["elements"]] == [True, False, True]


def test_a_value_too_long_for_slack_is_refused_rather_than_cut() -> None:
    with pytest.raises(ValueError, match="value of a button has 2001 characters; Slack takes 2000"):
        actions_of(Button("go", "x" * 2001, "Go"))


# -- modals ----------------------------------------------------------------------------------------------------------


def test_a_modal_has_its_document_and_fields() -> None:
    view = modal(
        "change",
        "A title longer than twenty-four",
        document("Change it."),
        submit="Save",
        close="Back",
        fields=[Input("text", "Your words", initial="so far", hint="as you like")],
        private_metadata="{}",
    )
    assert view["title"]["text"] == "A title longer than…"
    assert view["blocks"][0] == section("Change it.")
    field = view["blocks"][1]
    assert (field["element"]["initial_value"], field["element"]["action_id"]) == ("so far", "text")


def test_fields_need_a_label_to_submit_by() -> None:
    with pytest.raises(ValueError, match="submit"):
        modal("change", "Title", document("x"), close="Back", fields=[Input("text", "Your words")])


def test_metadata_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="private_metadata has 3001"):
        modal("change", "Title", document("x"), close="Back", private_metadata="x" * 3001)


def submitted(view: Json) -> Json:
    """A view's `state.values` when it is submitted as it was opened."""
    values: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            state = {"type": element["type"], "value": element.get("initial_value")}
            if element["type"] == "checkboxes":
                state = {"type": "checkboxes", "selected_options": element.get("initial_options", [])}
            elif element["type"] == "static_select":
                state = {"type": "static_select", "selected_option": element.get("initial_option")}
            values[block["block_id"]] = {element["action_id"]: state}
    return values


@given(naughty_texts)
def test_a_text_of_any_length_comes_back_whole_from_a_modal(text: str) -> None:
    field = Input("text", "Your words", initial=text)
    view = modal("change", "Title", document("x"), submit="Save", close="Back", fields=[field])
    assert all(len(block["element"]["initial_value"]) <= 3000 for block in view["blocks"][1:] if text)
    assert entered(submitted(view)) == {"text": text}


def test_choices_come_back_from_a_modal() -> None:
    three = (("a", "A"), ("b", "B"), ("c", "C"))
    fields = [
        Input("one", "One", options=three, chosen=("b",)),
        Input("several", "Several", options=three, several=True, chosen=("a", "c")),
        Input("none", "None", options=three, optional=True),
    ]
    view = modal("change", "Title", document("x"), submit="Save", close="Back", fields=fields)
    assert entered(submitted(view)) == {"one": ("b",), "several": ("a", "c"), "none": ()}
