"""The people who have an account at every provider of the stack."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """One person; each provider adds its own form of the ids.

    Attributes:
        login: Name as typed, lower case.
        display_name: Name as shown.
        email: Address, verified everywhere.
        number: Small number from which each provider derives its user id.
        has_channel: Whether there is a channel or creator account to post to.
        is_banned: Whether posting is refused.
    """

    login: str
    display_name: str
    email: str
    number: int
    has_channel: bool = True
    is_banned: bool = False


PEOPLE = (
    Person("streamer_sam", "Streamer Sam", "sam@clipnet.test", 1),
    Person("clipper_cleo", "Clipper Cleo", "cleo@clipnet.test", 2),
    Person("viewer_vic", "Viewer Vic", "vic@clipnet.test", 3, has_channel=False),
    Person("mod_mia", "Mod Mia", "mia@clipnet.test", 4),
    Person("banned_ben", "Banned Ben", "ben@clipnet.test", 5, is_banned=True),
)


def person(login: str) -> Person | None:
    """The person with this login."""
    return next((one for one in PEOPLE if one.login == login), None)


def subject_id(one: Person) -> str:
    """A 21-digit subject identifier."""
    return f"10000000000000000000{one.number}"


def decimal_id(one: Person) -> str:
    """A 7-digit decimal user id; 1000001 is the bot, people follow from 1000011."""
    return str(1_000_010 + one.number)


def snowflake_id(one: Person) -> str:
    """A 19-digit decimal user id."""
    return str(1_200_000_000_000_000_000 + one.number)


def open_id(one: Person) -> str:
    """A 36-character opaque user id."""
    return f"-000staging{one.login.replace('_', ''):0>18}openid{one.number}"
