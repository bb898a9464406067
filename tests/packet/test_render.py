"""The packet on paper: what stands where, in which order, and that no words can break it."""

from __future__ import annotations

import pytest

from bot.packet import Block, Chapter, Paper, PlanRow, Said, paper_of, render
from bot.packet.words import isolated
from tests.naughty import NAUGHTY
from tests.packet.bound import frame, full, ink_beside, opened, pages, photo, saying, text


def test_everything_is_there_in_its_order() -> None:
    shown = pages(render(full(), Paper.A4, {"F1": photo(), "F2": b"\x00\x00\x00\x20ftypheic"}))
    order = [
        "Hillside Middle School", "Noor's conference", "Noor leads this meeting.", "Thursday 10 December, 17:30",
        "room 12 · 20 minutes", "Amal Haddad", "Ms. Okafor", "Who I am as a learner", "Things click for me.",
        "I am learning.", "In this packet", "The plan", "1 Welcome 1 min", "I measured the scale.",
        "timeline", "photo · I chose this", "IMG_2231.HEIC", "Ask me to show it.", "lab notebook",
        "Mr. Reyes chose this", "Three drafts.", "https://example.org/lab", "Amal is proud", "You asked a question.",
        "Goal 1", "the night before", "at seven", "at five", "How far I am today", "Not yet", "Goal 2", "My check-ins",
        "6 Nov: Started", "For: at five", "my mom", "Ms. Okafor", "stay in room 12", "Your questions",
        "What are you proud of?", "Who What By when", "thanks mina",
    ]  # fmt: skip
    whole, place = " ".join(shown), 0
    for words in order:
        place = whole.index(words, place)
    assert whole.count("Ask me to show it.") == 1  # of the picture that can be shown, the picture is
    assert shown[0].count("Page") == 0
    assert [f"Page {n} of {len(shown)}" in page for n, page in enumerate(shown[1:], 2)] == [True] * (len(shown) - 1)


def test_the_contents_name_the_pages_the_chapters_are_on() -> None:
    shown = pages(render(full()))
    contents = next(page for page in shown if "In this packet" in page)
    for title in ("What I'm good at", "My goals", "Your questions", "Thanks"):
        number = int(contents.split(title, 1)[1].replace(".", " ").split()[0])
        assert title in shown[number - 1]


def test_before_the_approval_it_is_the_frame() -> None:
    shown = text(render(frame()))
    for words in ("Thursday 10 December", "The plan", "1 Welcome 1 min", "What are you proud of?", "By when"):
        assert words in shown
    for words in ("In this packet", "Who I am as a learner", "What I'm good at", "Thanks"):
        assert words not in shown


@pytest.mark.parametrize(("paper", "size"), [(Paper.A4, (595, 842)), (Paper.LETTER, (612, 792))])
def test_it_has_the_size_of_the_paper(paper: Paper, size: tuple[int, int]) -> None:
    with opened(render(full(), paper)) as document:
        assert {tuple(round(side) for side in page.get_size()) for page in document} == {size}


def test_the_paper_is_the_countrys() -> None:
    assert [paper_of(zone) for zone in ("America/New_York", "Europe/Madrid", "America/Mexico_City", "nowhere")] == [
        Paper.LETTER, Paper.A4, Paper.LETTER, Paper.A4,
    ]  # fmt: skip


def test_it_is_tagged_for_screen_readers_and_named_without_the_students_words() -> None:
    pdf = render(full(), Paper.A4, {"F1": photo()})
    with opened(pdf) as document:
        assert document.get_metadata_dict(skip_empty=True)["Title"] == "Noor's conference"
    assert b"pdfuaid:part" in pdf  # PDF/UA-1 asks for the language, the tags and a text for each picture
    assert b"/Lang(en)" in pdf


def test_pictures_stand_as_they_were_taken_and_are_made_small() -> None:
    large = photo(4000, 3000, turned=6)  # the camera was turned: what was left is at the top
    pdf = render(full(), Paper.A4, {"F1": large, "F2": photo(kind="WEBP", colour="blue")})
    with opened(pdf) as document:
        found = [one for page in document for one in page.get_objects() if one.type == 3]
        first, second = (one.get_bitmap().to_pil().convert("RGB") for one in found)
    assert first.height > first.width
    assert first.getpixel((first.width // 2, 20))[0] > 200 > first.getpixel((first.width // 2, 20))[1]
    assert min(first.getpixel((first.width // 2, first.height - 20))) > 240
    assert second.getpixel((20, 20))[2] > 200 > second.getpixel((20, 20))[0]
    assert len(pdf) < 500_000


def test_words_from_the_right_stand_at_the_right() -> None:
    pdf = render(saying("كنت أقرأ صفحة واحدة\nthen I read three", "שלום"))
    shown = text(pdf)
    assert "كنت أقرأ صفحة واحدة" in shown
    assert "שלום" in shown
    with opened(pdf) as document:
        page = document[1].get_textpage()
        left = {word: page.search(word).get_next() for word in ("كنت", "then")}
        boxes = {word: page.get_charbox(index) for word, (index, _) in left.items()}  # type: ignore[misc]
    assert boxes["كنت"][0] > 400
    assert boxes["then"][0] < 100


def test_a_name_from_the_right_does_not_turn_our_sentences_round() -> None:
    name = isolated("نور", "en")
    about = (f"{name} shows you work.",)
    where = f"{isolated('غرفة 12', 'en')} · 20 minutes"
    invited = (name, isolated("أمل", "en"))
    with opened(render(frame(title=f"{name}'s conference", about=about, where=where, invited=invited))) as document:
        page = document[0].get_textpage()
        places = {words: page.search(words).get_next() for words in ("shows you", "20 minutes", "12", "أمل")}
        left = {words: page.get_charbox(found[0])[0] for words, found in places.items() if found}
        assert document.get_metadata_dict()["Title"] == "نور's conference"
    assert left["shows you"] < 110  # at the left, after the name
    assert left["أمل"] > 80  # second
    assert left["12"] < left["20 minutes"]
    assert isolated("Noor", "en") == "Noor"
    assert isolated("Noor \u2067x", "ar") == "\u2068Noor x\u2069"


def test_lines_to_write_on_stand_on_one_page_under_their_heading() -> None:
    for parts in (9, 13, 16):
        plan = tuple(PlanRow(f"Part {n}", "1 min") for n in range(parts))
        shown = pages(render(frame(plan=plan), Paper.LETTER))
        assert [page.count("By when") for page in shown] == [page.count("What we'll each do") for page in shown]


@pytest.mark.parametrize("words", [*NAUGHTY, "a" * 3000, "#panic() $x$ *b* @ref <l> \\ // `c`", "🎉👍🏽🥳 ❤️"])
def test_no_words_can_break_it(words: str) -> None:
    assert not ink_beside(render(saying(words)))


def test_markup_is_shown_and_not_read() -> None:
    assert '#panic("x") *not bold* $x^2$' in text(render(saying('#panic("x") *not bold* $x^2$')))


def test_a_very_long_answer_goes_on_over_the_pages() -> None:
    long = " ".join(f"word{n}" for n in range(2500))
    goal = Chapter("goals", "My goals", "3 min", (Block("Goal 1", (Said(long, "Where I was"),)),))
    for packet in (saying(long), full(chapters=(goal,))):
        shown = pages(render(packet))
        assert "word2499" in " ".join(shown)
        assert len(shown) > 8
        assert "Your questions" in shown[-1]
