"""Compares what a project needs with what is installed here."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from emulator.errors import ConfigurationRefused

if TYPE_CHECKING:
    from packaging.requirements import Requirement


def unmet(texts: Iterable[str]) -> tuple[str, ...]:
    """Return those requirements that the packages of this interpreter do not meet.

    Raises:
        ConfigurationRefused: One means nothing.
    """
    return tuple(text for text in texts if any(not _is_met(one) for one in _parsed(text)))


def digest(texts: Iterable[str], more: str = "") -> str:
    """Return what tells environments apart: what is needed on this Python, in whatever order or words.

    Args:
        texts: The requirements.
        more: What else decides about the environment.
    """
    needed = sorted({str(_without_marker(one)) for text in texts for one in _parsed(text)})
    here = [sys.base_prefix, platform.python_version(), platform.machine()]
    return hashlib.sha256(json.dumps([here, needed, more]).encode()).hexdigest()


def _parsed(text: str) -> Iterator[Requirement]:
    """Yield a requirement if it holds on this platform."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationRefused(
            f"'{text}' is no requirement that pip understands", "correct it, and commit"
        ) from error
    if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
        yield requirement


def _without_marker(requirement: Requirement) -> Requirement:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    plain = Requirement(str(requirement))
    plain.name, plain.marker = canonicalize_name(plain.name), None
    return plain


def _is_met(requirement: Requirement) -> bool:
    from importlib import metadata

    if requirement.url is not None:
        return False
    try:
        installed = metadata.distribution(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    if not requirement.specifier.contains(installed.version, prereleases=True):
        return False
    wanted = (
        one for extra in requirement.extras for text in installed.requires or () for one in _of(text, extra)
    )
    return all(_is_met(one) for one in wanted)


def _of(text: str, extra: str) -> Iterator[Requirement]:
    """Yield a package's requirement if only this extra brings it."""
    from packaging.requirements import Requirement

    requirement = Requirement(text)
    marker = requirement.marker
    if marker is not None and marker.evaluate({"extra": extra}) and not marker.evaluate({"extra": ""}):
        yield requirement
