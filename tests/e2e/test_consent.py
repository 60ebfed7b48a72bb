"""Logging in, linking and unlinking through the consent pages of all providers, in a real browser."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from emulator.testing.access import Clipnet

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.slow]

NAMES = {"google": "Google", "tiktok": "TikTok", "twitch": "Twitch", "discord": "Discord", "x": "X"}
PEOPLE = {name: "Viewer Vic" if name == "discord" else "Clipper Cleo" for name in NAMES}
"""Who logs in: people of the seed that the provider's email does not make somebody else."""


def agree(page: Page, person: str) -> None:
    """Choose somebody on the consent page."""
    page.get_by_role("button", name=re.compile(person)).click()


def linked(page: Page, provider: str) -> Locator:
    """The provider's row on the account page."""
    row = page.get_by_role("listitem").filter(has=page.get_by_text(NAMES[provider], exact=True))
    expect(row).to_be_visible()
    return row


def enter(page: Page, provider: str, person: str) -> None:
    page.get_by_role("link", name=f"Continue with {NAMES[provider]}", exact=True).click()
    agree(page, person)
    expect(page.get_by_role("link", name=person)).to_be_visible()


@pytest.mark.parametrize(("provider", "person"), PEOPLE.items())
def test_one_logs_in_through_the_consent_page(
    page: Page, clipnet: Clipnet, provider: str, person: str
) -> None:
    page.get_by_role("link", name=f"Continue with {NAMES[provider]}", exact=True).click()
    assert page.url.startswith(clipnet.parts.fakes[provider])

    agree(page, person)

    expect(page.get_by_role("link", name=person)).to_be_visible()


@pytest.mark.parametrize(("provider", "person"), PEOPLE.items())
def test_who_denies_is_told_so_and_can_agree_then(page: Page, provider: str, person: str) -> None:
    page.get_by_role("link", name=f"Continue with {NAMES[provider]}", exact=True).click()
    page.get_by_role("button", name=re.compile("Deny|Cancel")).click()
    expect(page.get_by_role("alert")).to_contain_text(NAMES[provider])

    enter(page, provider, person)

    expect(page.get_by_role("alert")).to_be_hidden()


def test_more_providers_are_linked_and_unlinked(page: Page) -> None:
    enter(page, "google", "Clipper Cleo")
    page.get_by_role("link", name="Clipper Cleo").click()
    for provider in ("discord", "x"):
        linked(page, provider).get_by_role("link", name="Link", exact=True).click()
        agree(page, "Clipper Cleo")
        expect(linked(page, provider)).to_contain_text("Clipper Cleo")

    linked(page, "x").get_by_role("button", name="Unlink").click()

    expect(linked(page, "x")).to_contain_text("not linked")
    expect(linked(page, "discord")).to_contain_text("Clipper Cleo")


def test_linking_can_be_denied_and_changes_nothing(page: Page) -> None:
    enter(page, "google", "Clipper Cleo")
    page.get_by_role("link", name="Clipper Cleo").click()

    linked(page, "discord").get_by_role("link", name="Link", exact=True).click()
    page.get_by_role("button", name=re.compile("Deny|Cancel")).click()

    expect(page.get_by_role("alert")).to_contain_text("Discord")
    expect(linked(page, "discord")).to_contain_text("not linked")


def test_an_account_of_somebody_else_is_not_linked(page: Page) -> None:
    enter(page, "google", "Clipper Cleo")
    page.get_by_role("link", name="Clipper Cleo").click()

    linked(page, "discord").get_by_role("link", name="Link", exact=True).click()
    agree(page, "Streamer Sam")

    expect(page.get_by_role("alert")).to_contain_text("Discord")
    expect(linked(page, "discord")).to_contain_text("not linked")


def test_the_only_way_in_stays_linked_and_the_page_says_why(page: Page) -> None:
    enter(page, "x", "Clipper Cleo")  # who has no email there is somebody new
    page.get_by_role("link", name="Clipper Cleo").click()

    linked(page, "x").get_by_role("button", name="Unlink").click()

    expect(page.get_by_text("You have no password")).to_be_visible()
    expect(linked(page, "x")).to_contain_text("Clipper Cleo")
