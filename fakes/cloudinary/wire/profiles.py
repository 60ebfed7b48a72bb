"""Streaming profiles as the Admin API reads and shows them."""

from typing import Any

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state.profiles import Profile
from fakes.cloudinary.transformation.described import describe, write
from fakes.kit.bodies import strict_json


def representations(form: Form) -> list[str] | None:
    """The transformations that a call gives, each as text or as objects with long names; None without any.

    Raises:
        ProviderError: They cannot be read (400).
    """
    text = form.text("representations")
    if text is None:
        return None
    try:
        listed = strict_json(text)
        return [_transformation(one["transformation"]) for one in listed]
    except (ValueError, LookupError, TypeError) as error:
        raise errors.invalid_parameter("representations", text) from error


def profile_item(profile: Profile) -> dict[str, Any]:
    """One item of the list."""
    return {
        "name": profile.name,
        "display_name": profile.display_name,
        "predefined": profile.is_predefined,
    }


def profile_body(profile: Profile) -> dict[str, Any]:
    """Everything about one profile."""
    listed = [{"transformation": describe(text)} for text in profile.representations]
    return profile_item(profile) | {"representations": listed}


def _transformation(said: Any) -> str:
    if isinstance(said, str):
        return said
    return write([said] if isinstance(said, dict) else said)
