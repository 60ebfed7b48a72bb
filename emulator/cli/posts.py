"""`clipnet-emulate posts`."""

from __future__ import annotations

import click

from emulator.cli import output
from emulator.cli.options import Common, common_options

_HEAD = ("platform", "at", "id", "account", "title or text", "media", "note")
_LONGEST = 48


@click.command()
@click.option("--platform", metavar="NAME", help="Only this one: youtube, tiktok, twitch, discord or x.")
@common_options
def command(common: Common, platform: str | None) -> None:
    """List what the platforms received: videos, messages and posts."""
    from emulator.parts import running
    from emulator.posts import posts

    found = posts(running(common.settings()).fakes, platform)
    if common.as_json:
        output.as_json(found)
        return
    rows = [[_cell(post.get(name)) for name in ("platform", "at", "id", "account")] for post in found]
    for row, post in zip(rows, found, strict=True):
        mark = "duplicate" if post["is_duplicate"] else ""
        row += [_cell(post.get("title") or post.get("text")), _media(post.get("media")), mark]
    output.table(_HEAD, rows)


def _media(media: object) -> str:
    """Where the media can be seen, if the platform says so."""
    if isinstance(media, dict) and media.get("url"):
        return str(media["url"])
    return "yes" if media else ""


def _cell(value: object) -> str:
    return output.shortened(value, _LONGEST)
