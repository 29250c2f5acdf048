"""What scripts add: open pages that renew themselves, photos on top of the page, a slider."""

import re

import pytest
from playwright.async_api import Page, Route, StorageState, expect

from tests.e2e import sample_businesses
from tests.e2e.conftest import WITHIN_S, Browsing, Portal, enter
from tests.e2e.sample_businesses import NOIR, SOMBRE
from tests.harness.portal_installation import until

A_WHILE = 16_000
"""Milliseconds, a little longer than between two looks."""


@pytest.fixture(scope="module")
def kept() -> dict[str, StorageState]:
    """The cookies of who has signed in already."""
    return {}


@pytest.fixture
async def page(browse: Browsing, portal: Portal, kept: dict[str, StorageState]) -> Page:
    """A browser that is signed in, whose clock is ours."""
    if NOIR not in kept:
        first = await browse()
        await enter(first, portal, NOIR, SOMBRE)
        kept[NOIR] = await first.context.storage_state()
    made = await browse(width=360, cookies=kept[NOIR])
    await made.clock.install()
    return made


async def test_an_open_page_renews_what_changed_and_moves_nothing(page: Page, portal: Portal) -> None:
    """What happened meanwhile appears without loading the page anew; what is read stays where it is."""
    await page.goto(f"/{NOIR}/")
    await page.evaluate("window.same = true")
    await page.locator("[data-live=next] summary").click()
    # A part that has the focus is in use, and would wait.
    await page.evaluate("document.activeElement.blur()")
    contracts = page.locator("#contracts")
    await contracts.scroll_into_view_if_needed()
    await contracts.evaluate("element => scrollBy(0, element.getBoundingClientRect().top - 20)")
    place = await contracts.evaluate("element => element.getBoundingClientRect().top")
    more = sample_businesses.EventLog(sequence=100)
    technician = {"id": "t_9", "name": "Somebody with a Name That Takes Two Lines on a Phone"}
    more.add("visit.technician_assigned.v1", "biz_n/cus_1", "vis_22", technician=technician)
    await portal.publish(more)

    await page.clock.run_for(A_WHILE)

    await expect(page.locator("[data-live=next]")).to_contain_text("Two Lines on a Phone")
    assert await page.evaluate("window.same")
    assert abs(await contracts.evaluate("element => element.getBoundingClientRect().top") - place) <= 1
    assert await page.locator("[data-live=next] details").evaluate("element => element.open")
    await expect(page.locator("#renewed")).to_have_text("This page has been updated.")


async def test_an_unchanged_page_costs_nothing_and_a_hidden_one_asks_for_nothing(page: Page) -> None:
    """Asked again, the server answers 304; in a hidden tab nothing is asked until it is looked at again."""
    await page.goto(f"/{NOIR}/subscriptions")
    answers: list[int] = []
    asked: list[str] = []
    page.on("response", lambda response: answers.append(response.status))
    page.on("request", lambda request: asked.append(request.url))

    # The first look has nothing to compare with; later ones may meet an age that is said anew every 10 s.
    for times in range(1, 21):
        await page.clock.run_for(A_WHILE)
        await until(lambda times=times: len(answers) >= times, "an answer", WITHIN_S)  # type: ignore[misc]
        if answers[-1] == 304:
            break
    looked = answers[-1]
    await page.evaluate(
        "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    before = list(asked)
    await page.clock.run_for(10 * A_WHILE)

    assert looked == 304
    assert asked == before


async def test_photos_open_on_top_of_the_page(page: Page) -> None:
    """A photo opens in a dialog, arrows lead to the next, Escape leads back to where one was."""
    await page.goto(f"/{NOIR}/visits/vis_1/proof")
    first = page.locator("a[data-photo]").first
    await first.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.locator("img")).to_have_attribute("alt", re.compile("^Before, .*: Skimmer$"))
    shown = await dialog.locator("img").get_attribute("src")
    await page.keyboard.press("ArrowRight")
    await expect(dialog.locator("img")).not_to_have_attribute("src", shown or "")
    await page.keyboard.press("Escape")

    await expect(dialog).to_be_hidden()
    await expect(first).to_be_focused()
    assert page.url.endswith("/proof")


async def test_a_photo_can_be_pulled_over_the_other(page: Page) -> None:
    """The slider shows as much of the photo after as it says, by keyboard too."""
    await page.goto(f"/{NOIR}/visits/vis_1/compare/prf_0/prf_2")
    after = page.locator(".compare .after")
    await expect(page.locator('[type="range"]')).to_be_visible()
    await expect(after).to_have_css("clip-path", "inset(0px 0px 0px 50%)")

    await page.locator('[type="range"]').press("End")

    await expect(after).to_have_css("clip-path", re.compile(r"inset\(0px( 0px 0px 0%)?\)"))


async def test_before_and_after_are_chosen_without_script(
    browse: Browsing, portal: Portal, page: Page, kept: dict[str, StorageState]
) -> None:
    """Without JavaScript both are there, either can be seen alone, and there is no slider that does nothing."""
    plain = await browse(script=False, cookies=kept[NOIR])
    await plain.goto(f"/{NOIR}/visits/vis_1/compare/prf_0/prf_2")
    before, after = plain.locator(".compare .before img"), plain.locator(".compare .after img")
    await expect(before).to_be_visible()
    await expect(after).to_be_visible()
    await expect(plain.locator('[type="range"]')).to_be_hidden()

    await plain.get_by_role("radio", name="After").check()

    await expect(after).to_be_visible()
    await expect(before).to_be_hidden()


async def test_a_photo_that_cannot_be_loaded_is_said_to_be(page: Page) -> None:
    """Where a picture cannot be had there is a sentence, not a hole."""

    async def lost(route: Route) -> None:
        await route.fulfill(status=404)

    await page.route("**/media/visits/**", lost)
    await page.goto(f"/{NOIR}/visits/vis_1/proof")

    await expect(page.get_by_text("This picture could not be loaded.").first).to_be_visible()
