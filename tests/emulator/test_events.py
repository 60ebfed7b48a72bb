"""What the options of a slash command mean on the command line."""

import pytest

from emulator.errors import ConfigurationRefused
from emulator.events import discord_options, send
from emulator.parts import Parts


def test_words_become_options_and_whole_numbers_become_numbers() -> None:
    options = discord_options(("seconds=30", "title=what a=play", "offset=-5", "empty="))

    assert options == {"seconds": 30, "title": "what a=play", "offset": -5, "empty": ""}


@pytest.mark.parametrize("word", ["title", "=play"])
def test_a_word_that_is_no_option_is_refused(word: str) -> None:
    with pytest.raises(ConfigurationRefused, match=f"option '{word}' of the command has no value"):
        discord_options((word,))


async def test_a_platform_that_the_stack_lacks_is_refused_with_those_it_has(parts: Parts) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        await send(parts, "discord", {"command": "clip"})

    assert refused.value.hint == "fakes: cloudinary, google, twitch"


async def test_what_the_fake_refuses_is_told_in_its_words(parts: Parts) -> None:
    with pytest.raises(ConfigurationRefused, match="nobody has the login 'nobody'"):
        await send(parts, "twitch", {"type": "chat", "text": "!help", "user": "nobody"})


async def test_an_application_that_is_down_is_no_error_and_causes_no_jobs(parts: Parts) -> None:
    outcome = await send(parts, "twitch", {"type": "chat", "text": "!help"})

    assert [one["status"] for one in outcome.sent] == [None]
    assert (outcome.is_accepted, outcome.jobs) == (False, ())
