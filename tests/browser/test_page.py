"""The bot as people see it: in local-slack's page, in Chromium. Only what is seen there counts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser import story
from tests.browser.running import Running
from tests.browser.seat import Seat

pytestmark = pytest.mark.xdist_group("browser")  # one demo and one browser for all

NOTE = "He told me the whole universe at dinner, and which step was the hardest."


def test_a_student_goes_from_hello_to_the_agenda_in_the_channel(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Noor Haddad")
    story.says_hello(seat)
    story.is_stuck(seat)
    story.answers(seat)
    story.looks_over(seat)
    story.approves(seat)

    seat.open("conf-noor")
    agenda = seat.sees("Noor leads", "1 · Welcome", "9 · Thanks")
    for words in ("on the football field and i measured it", "show me a picture first", "Work: timeline.png, photo"):
        expect(agenda).to_contain_text(words)
    expect(agenda).not_to_contain_text(story.KEPT_OFF)
    agenda.get_by_text("Last reply").click()
    expect(page.get_by_role("img", name="timeline.png").last).to_be_visible()


def test_what_an_adult_writes_in_a_window_is_on_its_way(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Yusuf Haddad")
    seat.open("Yusuf Haddad")
    seat.sees("Noor leads a conference on")
    seat.tap("A note of pride")
    seat.fill({"What are you proud of?": NOTE})
    seat.submit("Send")
    seat.window("Noor gets your note.", "Noor decides whether it goes on the agenda.")
    seat.submit("Close")


def test_a_window_that_is_not_filled_says_what_is_missing(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Mr. Reyes")
    seat.open("Mr. Reyes")
    seat.tap("A piece of work I choose")
    seat.submit("Send")
    seat.window("Please write something here.")
    seat.submit("Close")


def test_the_family_is_welcomed_in_the_channel_in_each_of_its_languages(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Amal Haddad")
    seat.open("conf-noor")
    seat.sees("Hello Yusuf Haddad. Noor will lead a meeting about school")
    seat.sees("Hola, Amal Haddad. Noor va a dirigir una reunión sobre la escuela")
    seat.tap("Sí, vamos")
    seat.window("Anotado: usted viene el", "jueves")
    seat.submit("Cerrar")


def test_an_advisor_sees_her_students_and_whom_slack_did_not_let_in(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Ms. Okafor")
    seat.open("Ms. Okafor")
    seat.sees("Your 12 students", "No Slack account: Ravi")
    seat.sees("I couldn't bring everyone into #conf-noor", "Noor doesn't have to do anything about this.")
    seat.say("/conference")
    seat.sees("only visible to you", "Your 12 students")


def test_a_coordinator_sees_the_whole_school(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Mr. Tan")
    seat.open("Mr. Tan")
    seat.sees("Hillside Middle School · this week", "24 in all")
    page.locator(".sidebar-item").filter(has_text="Conference Coach").click()
    expect(page.locator(".home")).to_contain_text("24 in all")


def test_a_tap_in_the_home_goes_on_in_the_direct_message(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Mina Park")
    page.locator(".sidebar-item").filter(has_text="Conference Coach").click()
    expect(page.locator(".home")).to_contain_text("Your conference")
    seat.tap("Start")
    seat.open("Mina Park")
    seat.sees("Hi Mina, I'm Conference Coach.")


def test_a_message_that_is_edited_is_another_answer(demo: Running, page: Page) -> None:
    seat = Seat(page, demo.url, "Mateo Ríos")
    seat.open("Mateo Ríos")
    seat.say("hola")
    seat.sees("Hola, Mateo")
    seat.tap("Empezar")
    seat.sees("Tu carta · 1 de 4")
    seat.say("Entiendo cuando mi abuela me enseña cómo se hace y luego lo hago yo")
    seat.sees("Tu carta · 2 de 4")
    seat.edit("Entiendo cuando mi abuela", "Entiendo cuando mi abuelo me enseña cómo se hace y luego lo hago yo")
    seat.sees("Ya tengo tu nueva versión.")
