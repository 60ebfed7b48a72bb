"""A fake that was killed goes on with what it had, and hands out no id twice."""

from pathlib import Path

import httpx
import pytest

from tests.fakes.serving import served_by_process

TWITCH = {"client_id": "twitchstagingclient00000000000", "client_secret": "twitch-staging-secret"}
DISCORD = "/api/v10/channels/645027906669510667/messages"


def post_everywhere(urls: dict[str, str], text: str) -> None:
    token = httpx.post(
        f"{urls['twitch']}/oauth2/token", data={**TWITCH, "grant_type": "client_credentials"}, trust_env=False
    ).json()["access_token"]
    sends = (
        (
            f"{urls['twitch']}/helix/chat/messages",
            {"Authorization": f"Bearer {token}", "Client-Id": TWITCH["client_id"]},
            {"broadcaster_id": "1000011", "sender_id": "1000001", "message": text},
        ),
        (
            f"{urls['discord']}{DISCORD}",
            {"Authorization": "Bot discord-staging-bot-token"},
            {"content": text},
        ),
        (f"{urls['x']}/2/tweets", {"Authorization": "Bearer x-staging-bot-token"}, {"text": text}),
    )
    for url, headers, body in sends:
        httpx.post(url, headers=headers, json=body, trust_env=False).raise_for_status()


@pytest.mark.slow
def test_posts_survive_a_kill_and_ids_do_not_repeat(tmp_path: Path) -> None:
    names = ("twitch", "discord", "x")
    with served_by_process(*names, folder=tmp_path) as fakes:
        post_everywhere(dict(fakes.urls), "before")
        assert fakes.process is not None
        fakes.process.kill()
        fakes.process.wait()

    with served_by_process(*names, folder=tmp_path) as fakes:
        post_everywhere(dict(fakes.urls), "after")
        posts = {
            name: httpx.get(f"{fakes.url(name)}/_fake/posts", trust_env=False).json()["posts"]
            for name in names
        }

    texts = {name: [post["text"] for post in posts[name]] for name in names}
    assert texts == {name: ["before", "after"] for name in names}
    assert all(posts[name][0]["id"] != posts[name][1]["id"] for name in names)
