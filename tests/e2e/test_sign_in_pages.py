"""Signing in with a real browser: by code, by link, with and without JavaScript."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Browsing, Portal
from tests.e2e.sample_businesses import LOUD, MARIA, SLUG, SPANISH, TWICE


async def ask(page: Page, email: str, slug: str = SLUG) -> None:
    """Asks for a code."""
    await page.goto(f"/{slug}/sign-in")
    await page.locator("#email").fill(email)
    await page.locator("#email").press("Enter")
    await expect(page.locator("#code")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
async def test_a_customer_signs_in_by_code(browse: Browsing, portal: Portal, script: bool) -> None:
    """Signed out, home leads to the sign-in; the code from the mail, in two halves, leads back home."""
    before = await portal.post.count(MARIA)
    page = await browse(script=script)
    await page.goto(f"/{SLUG}/")
    await expect(page).to_have_url(re.compile(f"/{SLUG}/sign-in$"))
    await page.get_by_label("E-mail address").fill(MARIA)
    await page.get_by_role("button", name="Send me a code").click()
    code = (await portal.post.to(MARIA, before + 1)).code

    await page.get_by_label("6-digit code").fill(f" {code[:3]}-{code[3:]} ")
    await page.get_by_role("button", name="Sign in").click()

    await expect(page).to_have_url(re.compile(f"/{SLUG}/$"))
    await expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Maria Gonzalez")


async def test_a_customer_signs_in_by_link(browse: Browsing, portal: Portal) -> None:
    """Opening the link, however often, uses nothing up; its one button signs in, in another browser too."""
    before = await portal.post.count(MARIA)
    await ask(await browse(), MARIA)
    link = (await portal.post.to(MARIA, before + 1)).link
    scanner = await browse()
    await scanner.goto(link)
    await expect(scanner.get_by_text("m•••@mail.test")).to_be_visible()

    page = await browse(script=False)
    await page.goto(link)
    await page.get_by_role("main").get_by_role("button").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Maria Gonzalez")
    await scanner.get_by_role("main").get_by_role("button").click()
    await expect(scanner.get_by_role("heading", level=1)).to_have_text("This link no longer works")


async def test_an_old_link_names_the_newer_mail(browse: Browsing, portal: Portal) -> None:
    """The last two mails work; the link of an older one says that a newer one was sent, and when."""
    before = await portal.post.count(MARIA)
    page = await browse()
    await ask(page, MARIA)
    old = (await portal.post.to(MARIA, before + 1)).link
    for again in (2, 3):
        await page.get_by_role("button", name="send it again").click()
        await portal.post.to(MARIA, before + again)

    await page.goto(old)

    await expect(page.get_by_text("A newer mail was sent on")).to_be_visible()


async def test_an_address_of_two_accounts_chooses(browse: Browsing, portal: Portal) -> None:
    """Where an address belongs to two customers, the right code asks which, by name and address."""
    before = await portal.post.count(TWICE)
    page = await browse()
    await ask(page, TWICE)
    code = (await portal.post.to(TWICE, before + 1)).code
    await page.locator("#code").fill(code)
    await page.locator("#code").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Which account?")

    await page.get_by_label("Owner Rentals LLC").check()
    await expect(page.get_by_text("400 Long Street")).to_be_visible()
    await page.get_by_role("button", name="Continue").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Owner Rentals LLC")


async def test_signed_out_is_signed_out(browse: Browsing, portal: Portal) -> None:
    """After signing out home leads to the sign-in, also by the back button."""
    before = await portal.post.count(MARIA)
    page = await browse()
    await ask(page, MARIA)
    await page.locator("#code").fill((await portal.post.to(MARIA, before + 1)).code)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(re.compile(f"/{SLUG}/sign-in$"))

    await page.go_back()
    await page.reload()

    await expect(page).to_have_url(re.compile(f"/{SLUG}/sign-in$"))


@pytest.mark.parametrize(
    ("typed", "said"),
    [("", "Enter your e-mail address"), ("maria", "Enter an e-mail address like name@example.com")],
)
async def test_a_wrong_address_is_explained(browse: Browsing, typed: str, said: str) -> None:
    """An error stands on top and at its field, links to it, is in the title, and what was typed is kept."""
    page = await browse(script=False)
    await page.goto(f"/{SLUG}/sign-in")
    await page.locator("#email").fill(typed)
    await page.get_by_role("button", name="Send me a code").click()

    await expect(page).to_have_title(re.compile("^Error: "))
    await page.get_by_role("alert").get_by_role("link", name=said).click()
    await expect(page.locator("#email")).to_be_focused()
    await expect(page.locator("#email")).to_have_value(typed)
    await expect(page.locator("#email-error")).to_contain_text(said)


async def test_a_wrong_code_is_explained(browse: Browsing) -> None:
    """A wrong code keeps what was typed and says what to do; the address can be changed."""
    page = await browse()
    await ask(page, "nobody@mail.test")
    await page.locator("#code").fill("000 000")
    await page.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_role("alert")).to_contain_text("This code is wrong, used or too old")
    await expect(page.locator("#code")).to_have_value("000 000")
    await expect(page.get_by_text("nobody@mail.test")).to_be_visible()
    await page.get_by_role("link", name="Change it").click()
    await expect(page.locator("#email")).to_be_visible()


async def test_the_keyboard_is_enough(browse: Browsing, portal: Portal) -> None:
    """From the skip link to signing out, by keyboard alone."""
    before = await portal.post.count(SPANISH)
    page = await browse(locale="es-US")
    await page.goto(f"/{LOUD}/sign-in")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Ir al contenido")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.type(SPANISH)
    await page.keyboard.press("Enter")
    await expect(page.locator("#code")).to_be_visible()
    code = (await portal.post.to(SPANISH, before + 1)).code
    await page.locator("#main").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type(code)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", level=1)).to_have_text("Hola, Ana <b>Ávila</b>")
    await page.get_by_role("button", name="Cerrar sesión").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/{LOUD}/sign-in$"))


async def test_a_link_elsewhere_is_not_followed(browse: Browsing, portal: Portal) -> None:
    """Whatever an address asks for, the sign-in goes on to a page of this portal."""
    before = await portal.post.count(MARIA)
    page = await browse()
    await page.goto(f"/{SLUG}/sign-in?next=https://elsewhere.test/{SLUG}/")
    await page.locator("#email").fill(MARIA)
    await page.get_by_role("button", name="Send me a code").click()
    await page.locator("#code").fill((await portal.post.to(MARIA, before + 1)).code)
    await page.get_by_role("button", name="Sign in").click()

    await expect(page).to_have_url(f"{portal.url}/{SLUG}/")
