"""What is played in the page: a student's way from hello to her agenda. Her words are invented."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from tests.browser.seat import Seat

LETTER = (
    ("Last week I tried to measure the whole football field for the timeline of the universe", "Your letter · 2 of 4"),
    ("ratios, like how to make a big thing small on paper", "Your letter · 3 of 4"),
    ("my tío builds bridges and you need it for the drawings", "Your letter · 4 of 4"),
    ("show me a picture first, then the words", "Strengths · 1 of 4"),
)
STRENGTHS = (
    ("science", "If I'd sat next to you this week"),
    ("we built the timeline of the universe on the football field and i measured it", "Strengths · 2 of 4"),
)
WORK = "the timeline, mina took a picture of it"
SPOT = "the tape marks, because i worked out the scale: one step is 100 million years"
KEPT_OFF = "ratios, like how to make a big thing small on paper"


def says_hello(seat: Seat) -> None:
    """From the first nudge to the first question."""
    seat.open("Noor Haddad")
    seat.sees("Yours is on", "Why you get this")
    seat.say("hello")
    seat.sees("you run your own conference")
    seat.tap("Start")
    seat.sees("Your letter · 1 of 4")


def is_stuck(seat: Seat) -> None:
    """An answer that is none brings three ways to begin."""
    seat.say("idk")
    seat.sees("getting started is the hardest part")


def answers(seat: Seat) -> None:
    """The letter and the strengths, up to their last question."""
    seat.tap("Last week I tried …")
    seat.sees("Go on from here")
    for words, then in (*LETTER, *STRENGTHS):
        seat.say(words)
        seat.sees(then)
    seat.attach("timeline.png", picture())
    seat.say(WORK)
    seat.sees("Strengths · 3 of 4")
    seat.say(SPOT)
    seat.sees("Strengths · 4 of 4")


def looks_over(seat: Seat) -> None:
    """The review: every line, and one that she keeps off."""
    seat.say("menu")
    seat.sees("Pick one; any order works")
    seat.tap("Your agenda")
    seat.sees("After the welcome, what do you want to start with?")
    seat.tap("What I'm good at")
    seat.sees("That's every line, Noor.")
    seat.choose(KEPT_OFF, "Me and my advisor")
    seat.sees(KEPT_OFF, "Not on the agenda. Ms. Okafor can read it.")


def approves(seat: Seat) -> None:
    """Her agenda, and into the channel with it."""
    seat.tap("That's my agenda")
    seat.sees("That's your agenda, Noor, line by line as you chose it.")
    seat.tap("Post it now")
    seat.sees("Your agenda goes into your conference channel now.")


def picture() -> bytes:
    """The tape marks on the football field, as a PNG."""
    field = Image.new("RGB", (480, 160), "#2f7d3b")
    draw = ImageDraw.Draw(field)
    for yard in range(30, 480, 60):
        draw.line([(yard, 0), (yard, 160)], fill="white", width=3)
        draw.ellipse([(yard - 8, 72), (yard + 8, 88)], fill="#e8b53a")
    found = io.BytesIO()
    field.save(found, "PNG")
    return found.getvalue()
