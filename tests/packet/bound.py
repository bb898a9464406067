"""Packets of invented students, and what can be read in their pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

import pypdfium2
from PIL import Image

from bot.packet.model import Block, Captions, Chapter, Idea, Lines, Packet, PlanRow, Said, Work

CAPTIONS = Captions(
    leads="Noor leads this meeting.", invited="Invited from home", also="Also invited", contents="In this packet",
    plan="The plan", plan_note="Listen first; your turn starts at “Ideas I'd like”.", page="Page {n} of {of}",
    image="Picture:", ideas="Ideas from the adults", check_ins="My check-ins", now="How far I am today",
)  # fmt: skip


def frame(**changes: object) -> Packet:
    """A packet before anything is approved."""
    given: dict[str, object] = {
        "language": "en", "title": "Noor's conference", "student": "Noor", "school": "Hillside Middle School",
        "when": "Thursday 10 December, 17:30", "where": "room 12 · 20 minutes",
        "invited": ("Amal Haddad",), "also": ("Ms. Okafor", "Mr. Reyes"), "about": ("Noor speaks first.",),
        "plan": (PlanRow("Welcome", "1 min"), PlanRow("My goals", "3 min")),
        "questions": Lines("Your questions", "You can ask Noor:", items=("What are you proud of?", "How can I help?")),
        "commitments": Lines("What we'll each do", "Noor reads it back.", ("Who", "What", "By when")),
        "captions": CAPTIONS,
    }  # fmt: skip
    return Packet(**{**given, **changes})  # type: ignore[arg-type]


def full(**changes: object) -> Packet:
    """One with everything in it; F1 and F2 are pictures."""
    strengths = Chapter(
        "strengths", "What I'm good at", "4 min",
        (
            Block(
                said=(Said("I measured the scale."),),
                works=(
                    Work("timeline", "photo · I chose this", picture="F1", instead="Ask me to show it."),
                    Work("IMG_2231.HEIC", "photo · I chose this", picture="F2", instead="Ask me to show it."),
                ),
            ),
            Block(works=(Work("lab notebook", "Mr. Reyes chose this", "https://example.org/lab", "Three drafts."),)),
        ),
        (Idea("Amal is proud", "You asked a question."),),
    )  # fmt: skip
    goals = Chapter(
        "goals", "My goals", "3 min",
        (
            Block(
                "Goal 1",
                (Said("the night before", "Where I was"), Said("at seven", "Where I am"), Said("at five", "I want")),
                boxes=("Not yet", "Done"),
            ),
            Block("Goal 2", (Said("one page", "Where I was"),), steps=(("6 Nov", "Started"), ("13 Nov", "Done"))),
        ),
    )  # fmt: skip
    asks = Chapter(
        "asks", "Ideas I'd like", "4 min",
        (Block("For: at five", (Said("my mom", "Who"),), ideas=(Idea("Ms. Okafor", "stay in room 12"),)),),
    )  # fmt: skip
    thanks = Chapter("thanks", "Thanks", "1 min", (Block(said=(Said("thanks mina"),)),))
    given: dict[str, object] = {
        "letter": ("Things click for me.", "I am learning."), "letter_title": "Who I am as a learner",
        "chapters": (strengths, goals, asks), "thanks": thanks,
    }  # fmt: skip
    return frame(**{**given, **changes})


def saying(*words: str) -> Packet:
    """One in which a student says just this."""
    said = tuple(Block(said=(Said(one),)) for one in words)
    return full(letter=words, chapters=(Chapter("strengths", "What I'm good at", "4 min", said),), thanks=None)


def photo(width: int = 400, height: int = 300, kind: str = "JPEG", turned: int = 1, colour: str = "red") -> bytes:
    """A picture, its left third in a colour and the rest white; `turned` is EXIF's orientation."""
    image = Image.new("RGB", (width, height), "white")
    image.paste(colour, (0, 0, width // 3, height))
    exif = Image.Exif()
    exif[0x0112] = turned
    out = BytesIO()
    image.save(out, kind, exif=exif)
    return out.getvalue()


@contextmanager
def opened(pdf: bytes) -> Iterator[pypdfium2.PdfDocument]:
    """A PDF to look into."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        yield document
    finally:
        document.close()


def pages(pdf: bytes) -> list[str]:
    """The text of each page, as it can be copied out, on one line."""
    with opened(pdf) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    return [" ".join(text.replace("\ufffe", "").split()) for text in texts]


def text(pdf: bytes) -> str:
    """All of it."""
    return " ".join(pages(pdf))


def ink_beside(pdf: bytes) -> bool:
    """Whether anything is printed where a printer cannot: within 8 mm of a side of a page."""
    with opened(pdf) as document:
        for page in document:
            image = page.render(scale=1, grayscale=True).to_pil()
            edge = 23
            left, right = image.crop((0, 0, edge, image.height)), image.crop((image.width - edge, 0, *image.size))
            if min(left.getextrema()[0], right.getextrema()[0]) < 200:
                return True
    return False
