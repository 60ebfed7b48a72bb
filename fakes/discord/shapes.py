"""Objects and lists in what applications send: anything else in their place is refused in Discord's words."""

from typing import Any

from fakes.discord import errors


def as_object(value: Any, *path: str) -> dict[str, Any]:
    """An object; null stands for an empty one.

    Raises:
        ProviderError: It is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise errors.invalid_form(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
    return value


def as_list(value: Any, *path: str) -> list[Any]:
    """A list; null stands for an empty one.

    Raises:
        ProviderError: It is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise errors.invalid_form(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    return value


def as_objects(value: Any, *path: str) -> list[dict[str, Any]]:
    """A list of objects.

    Raises:
        ProviderError: It is something else, or something else is in it.
    """
    return [as_object(one, *path, str(place)) for place, one in enumerate(as_list(value, *path))]
