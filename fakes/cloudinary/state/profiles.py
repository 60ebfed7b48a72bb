"""Streaming profiles: those that every cloud has, and those that it made itself.

Source: cloudinary.com/documentation/admin_api#adaptive_streaming_profiles.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fakes.cloudinary import errors, transformation
from fakes.cloudinary.ladders import PREDEFINED
from fakes.cloudinary.state.documents import Documents
from fakes.kit.errors import ProviderError
from fakes.kit.store import Store

PROFILES_MAX = 200
REPRESENTATIONS_MAX = 30
_NAME = re.compile(r"[\w-]{1,255}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Profile:
    """A streaming profile.

    Attributes:
        name: In lower case; no two differ in case only.
        representations: Transformations, one for each variant.
        is_predefined: Every cloud has it; deleting it undoes changes.
    """

    name: str
    display_name: str | None
    representations: tuple[str, ...]
    is_predefined: bool = False


class Profiles:
    """The streaming profiles of all clouds.

    Args:
        store: The fake's store.
    """

    def __init__(self, store: Store) -> None:
        self._documents = Documents(store, "streaming_profile", _profile)

    def representations(self, cloud: str, name: str) -> tuple[str, ...] | None:
        """What `sp_<name>` makes, as transformations; None when there is no such profile."""
        found = self._find(cloud, name.lower())
        return found.representations if found else None

    def all(self, cloud: str) -> list[Profile]:
        """The predefined profiles, and then those of a cloud in the order of their making."""
        own = {one.name: one for one in self._documents.all(cloud)}
        predefined = [own.pop(name) if name in own else _predefined(name) for name in PREDEFINED]
        return [*predefined, *own.values()]

    def get(self, cloud: str, name: str) -> Profile:
        """The profile of this name, whatever its case.

        Raises:
            ProviderError: There is none (404).
        """
        found = self._find(cloud, name.lower())
        if found is None:
            raise errors.profile_unknown(name)
        return found

    def create(
        self, cloud: str, name: str, display_name: str | None, representations: Sequence[str]
    ) -> Profile:
        """Add a profile.

        Raises:
            ProviderError: The name is taken (409) or not allowed, or a representation cannot be read (400).
        """
        if not _NAME.fullmatch(name):
            raise errors.invalid_parameter("name", name)
        if self._find(cloud, name.lower()) is not None:
            raise errors.profile_exists(name)
        if self._documents.count(cloud) >= PROFILES_MAX:
            raise errors.invalid_parameter("name", f"{name}, there are {PROFILES_MAX} streaming profiles")
        return self._put(cloud, Profile(name.lower(), display_name, _checked(representations)))

    def update(
        self, cloud: str, name: str, display_name: str | None, representations: Sequence[str] | None
    ) -> Profile:
        """Give a profile another display name or other representations, where they are not None.

        Raises:
            ProviderError: There is none of this name (404), or a representation cannot be read (400).
        """
        before = self.get(cloud, name)
        changed = before.representations if representations is None else _checked(representations)
        shown = before.display_name if display_name is None else display_name
        return self._put(cloud, Profile(before.name, shown, changed, before.is_predefined))

    def delete(self, cloud: str, name: str) -> Profile:
        """Delete a profile, or undo the changes of a predefined one; returns what it was.

        Raises:
            ProviderError: There is none of this name (404).
        """
        before = self.get(cloud, name)
        self._documents.delete(cloud, before.name)
        return before

    def _find(self, cloud: str, name: str) -> Profile | None:
        found = self._documents.find(cloud, name)
        if found is not None:
            return found
        return _predefined(name) if name in PREDEFINED else None

    def _put(self, cloud: str, profile: Profile) -> Profile:
        self._documents.put(cloud, profile.name, profile)
        return profile


def _checked(representations: Sequence[str]) -> tuple[str, ...]:
    if not 0 < len(representations) <= REPRESENTATIONS_MAX:
        raise errors.invalid_parameter("representations", f"{len(representations)} of them")
    for text in representations:
        try:
            transformation.parse_text(text)
        except ProviderError as error:
            raise errors.on_api(error) from error
    return tuple(representations)


def _predefined(name: str) -> Profile:
    return Profile(name, None, PREDEFINED[name], is_predefined=True)  # guess: no display name


def _profile(representations: list[str], **fields: Any) -> Profile:
    return Profile(representations=tuple(representations), **fields)
