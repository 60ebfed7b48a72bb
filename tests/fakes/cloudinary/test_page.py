"""The page about the fake lists what there is: settings, fields of seeds, effects."""

import re
from dataclasses import fields
from pathlib import Path

from fakes.cloudinary.render.effects import EFFECTS
from fakes.cloudinary.state import Cloud
from fakes.cloudinary.state.entries import ASSET_FIELDS
from fakes.cloudinary.state.seeding import KINDS

PAGE = (Path(__file__).parents[3] / "docs" / "fakes" / "cloudinary.md").read_text()


def between(start: str, end: str) -> str:
    return PAGE.partition(start)[2].partition(end)[0]


def test_all_settings_of_a_cloud_are_listed_with_their_defaults() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", between("| setting | default", "\n\n"), re.MULTILINE)

    defaults = {item.name: item.default for item in fields(Cloud) if item.name != "name"}
    assert [name for name, _ in rows] == list(defaults)
    for name, told in rows:
        default = defaults[name]
        shown = "none" if default in (None, ()) else str(default).lower().strip("(),").replace("'", '"')
        assert told.strip("`[]") == shown, name


def test_the_seed_document_shows_every_key() -> None:
    example = between("```json", "```")

    assert [name for name in ASSET_FIELDS if f'"{name}": ' not in example] == []
    assert [
        name for name in ("assets", "accounts", "clouds", "remote", *KINDS) if f"`{name}`" not in PAGE
    ] == []


def test_all_effects_on_images_are_listed() -> None:
    listed = set(re.findall(r"`(\w+)`", between("- **Effects**:", "- **Around them**")))

    assert listed - {"loop"} == set(EFFECTS)
