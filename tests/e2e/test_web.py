"""The staging frontend in a real browser, against a whole stack."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from emulator.testing.access import Clipnet

pytestmark = [pytest.mark.browser, pytest.mark.e2e, pytest.mark.slow]

CLIP_WITHIN_MS = 60_000


def log_in(page: Page, email: str = "demo@clipnet.test", password: str = "clipnet-demo") -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_staging_is_named_on_every_page(page: Page) -> None:
    expect(page.locator("#banner")).to_contain_text("STAGING")


@pytest.mark.parametrize("part", ["static/login.js", "static/style.css", "config.json"])
def test_a_page_of_which_a_part_did_not_arrive_loads_it_again(page: Page, part: str) -> None:
    page.route(f"**/{part}", lambda route: route.abort("internetdisconnected"), times=1)

    page.reload()

    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    expect(page.locator("header")).to_have_css("display", "flex")


def test_a_page_that_never_arrives_whole_says_so(page: Page) -> None:
    page.route("**/static/login.js", lambda route: route.abort("internetdisconnected"))

    page.reload()

    expect(page.locator("#view")).to_contain_text("Is the stack running?")


def test_a_wrong_password_is_refused_in_words(page: Page) -> None:
    log_in(page, password="not-the-password")

    expect(page.get_by_role("alert")).to_contain_text(re.compile("email|password", re.IGNORECASE))


def test_seeded_clips_are_listed_and_play(page: Page) -> None:
    log_in(page)
    page.get_by_role("button", name="Ready").click()
    page.locator("a.clip", has=page.locator(".badge.ready")).first.click()

    player = page.locator("#player")
    expect(player).to_be_visible()
    page.wait_for_function("() => document.querySelector('#player').readyState >= 1")
    assert player.evaluate("video => video.duration") > 1


def test_a_person_signs_up_uploads_and_watches_the_clip_become_ready(page: Page, clipnet: Clipnet) -> None:
    page.get_by_role("button", name="New here? Sign up").click()
    page.get_by_label("Your name").fill("Nora New")
    page.get_by_label("Email").fill("nora@example.test")
    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Sign up").click()
    page.get_by_role("link", name="New clip").click()

    page.locator("input[type=file]").set_input_files(clipnet.video())
    page.get_by_role("button", name="Make the clip").click()

    expect(page.locator(".bar .badge.ready")).to_be_visible(timeout=CLIP_WITHIN_MS)
    page.wait_for_function("() => document.querySelector('#player').readyState >= 1")
    expect(page.locator(".total")).to_contain_text("of 100")
    assert page.locator(".history li").count() >= 4
    expect(page.locator(".word").first).to_be_visible()


def test_all_of_it_works_at_the_stable_address_of_staging(page: Page, clipnet: Clipnet) -> None:
    page.goto(clipnet.parts.env["WEB_ALIAS_URL"])
    expect(page.locator("#banner")).to_contain_text("STAGING")
    log_in(page)
    page.get_by_role("link", name="New clip").click()

    page.locator("input[type=file]").set_input_files(clipnet.video())
    page.get_by_role("button", name="Make the clip").click()

    expect(page.locator(".bar .badge.ready")).to_be_visible(timeout=CLIP_WITHIN_MS)
    page.wait_for_function("() => document.querySelector('#player').readyState >= 1")
    assert page.url.startswith(clipnet.parts.env["WEB_ALIAS_URL"])


def test_who_logs_in_with_google_at_the_stable_address_comes_back_to_it(page: Page, clipnet: Clipnet) -> None:
    page.goto(clipnet.parts.env["WEB_ALIAS_URL"])

    page.get_by_role("link", name="Continue with Google").click()
    page.get_by_role("button", name=re.compile("Streamer Sam")).click()

    expect(page.get_by_role("link", name="New clip")).to_be_visible()
    assert page.url.startswith(clipnet.parts.env["WEB_ALIAS_URL"])


def test_the_transcript_follows_the_video(page: Page, clipnet: Clipnet) -> None:
    log_in(page)
    clip = clipnet.database.value(
        "SELECT s.clip_id FROM segments s JOIN clips c ON c.id = s.clip_id WHERE c.state = 'ready' LIMIT 1"
    )
    expect(page.locator("#clips")).to_be_visible()
    page.goto(f"{clipnet.parts.env['WEB_URL']}/#/clips/{clip}")
    word = page.locator(".word").nth(1)
    expect(word).to_be_visible()
    page.wait_for_function("() => document.querySelector('#player').readyState >= 1")

    page.evaluate(
        "start => { document.querySelector('#player').currentTime = start + 0.01; }",
        float(word.get_attribute("data-start") or "0"),
    )

    expect(word).to_have_class(re.compile(r"\bon\b"))


def test_a_file_that_is_no_video_fails_with_its_reason_and_can_be_tried_again(
    page: Page, tmp_path: Path
) -> None:
    fake = tmp_path / "holiday.mp4"
    fake.write_text("this is not a video")
    log_in(page)
    page.get_by_role("link", name="New clip").click()
    page.locator("input[type=file]").set_input_files(fake)
    page.get_by_role("button", name="Make the clip").click()

    expect(page.locator(".bar .badge.failed")).to_be_visible(timeout=CLIP_WITHIN_MS)
    expect(page.get_by_role("alert").first).to_contain_text(re.compile("video", re.IGNORECASE))
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".history li").nth(1)).to_be_visible(timeout=CLIP_WITHIN_MS)


def test_voting_and_publishing_show_at_once(page: Page, clipnet: Clipnet) -> None:
    page.get_by_role("link", name="Continue with Google").click()
    page.get_by_role("button", name=re.compile("Streamer Sam")).click()
    page.get_by_role("link", name="New clip").click()
    page.locator("input[type=file]").set_input_files(clipnet.video())
    page.get_by_role("button", name="Make the clip").click()
    expect(page.locator(".bar .badge.ready")).to_be_visible(timeout=CLIP_WITHIN_MS)

    page.get_by_role("button", name="Vote up").click()
    page.get_by_role("button", name="Post to YouTube").click()

    expect(page.get_by_role("button", name="Vote up")).to_have_text("▲ 1")
    expect(page.locator(".badge.posted")).to_be_visible(timeout=CLIP_WITHIN_MS)
    assert [post["platform"] for post in clipnet.fake("google").posts()][-1:] == ["youtube"]


def test_a_file_and_a_title_in_any_language_are_taken(page: Page, clipnet: Clipnet, tmp_path: Path) -> None:
    video = tmp_path / "日本語 🎬.mp4"
    video.write_bytes(clipnet.video().read_bytes())
    log_in(page)
    page.get_by_role("link", name="New clip").click()
    page.locator("input[type=file]").set_input_files(video)
    page.get_by_label("Title").fill("Größer als 日本語")

    page.get_by_role("button", name="Make the clip").click()

    expect(page.get_by_role("heading", name="Größer als 日本語")).to_be_visible()
    assert (
        clipnet.database.value("SELECT source_name FROM clips WHERE title = 'Größer als 日本語'")
        == "日本語 🎬.mp4"
    )


def test_a_clip_that_was_mistyped_is_not_asked_for(page: Page, clipnet: Clipnet) -> None:
    log_in(page)
    expect(page.locator("a.clip").first).to_be_visible()

    page.goto(f"{clipnet.parts.env['WEB_URL']}/#/clips/nope")

    expect(page.get_by_role("heading", name="Not here")).to_be_visible()


def test_every_page_fits_on_a_phone(page: Page, clipnet: Clipnet) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    log_in(page)
    expect(page.locator("a.clip").first).to_be_visible()
    failed = clipnet.database.value("SELECT id FROM clips WHERE state = 'failed' LIMIT 1")
    clipnet.database.execute(
        f"UPDATE clips SET error_detail = 'no {'x' * 200}', title = '{'y' * 120}' WHERE id = '{failed}'"
    )

    widths = {}
    for path in ("", "upload", "account", f"clips/{failed}"):
        page.goto(f"{clipnet.parts.env['WEB_URL']}/#/{path}")
        expect(page.locator("#view h1")).to_be_visible()
        widths[path] = page.evaluate("document.documentElement.scrollWidth")

    assert set(widths.values()) == {360}, widths
