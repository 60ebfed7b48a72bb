"""Settings of a cloud: presets, profiles, mappings, triggers, transformations."""

from fakes.cloudinary.errors.answers import refused
from fakes.kit.errors import ProviderError


def preset_unknown(name: str) -> ProviderError:
    """No upload preset has this name, on the Admin API."""
    return refused(404, f"Can't find upload preset named {name}")


def profile_unknown(name: str) -> ProviderError:
    """No streaming profile has this name."""
    return refused(404, f"Can't find streaming profile {name[:200]}")  # guess: as for presets


def profile_exists(name: str) -> ProviderError:
    """A streaming profile of this name exists."""
    return refused(409, f"Streaming profile {name} already exists")  # guess: wording


def mapping_unknown(folder: str) -> ProviderError:
    """A folder has no upload mapping."""
    return refused(404, f"Can't find upload mapping {folder[:200]}")  # guess: as for presets


def mapping_exists(folder: str) -> ProviderError:
    """A folder has an upload mapping already."""
    return refused(409, f"Upload mapping {folder} already exists")  # guess: wording


def trigger_unknown(trigger_id: str) -> ProviderError:
    """No trigger has this id."""
    return refused(404, f"Can't find trigger {trigger_id[:200]}")  # guess: as for presets


def trigger_exists(uri: str, event_type: str) -> ProviderError:
    """There is a trigger for this address and event."""
    return refused(409, f"Trigger for {event_type} to {uri[:200]} already exists")  # guess: wording


def too_many_triggers(limit: int) -> ProviderError:
    """A cloud has as many notification addresses as it may have."""
    return refused(400, f"Maximum of {limit} notification URLs reached")  # guess: wording


def transformation_unknown(name: str) -> ProviderError:
    """No transformation has this name or text, on the Admin API."""
    return refused(404, f"Can't find transformation {name[:200]}")  # guess: as for presets


def transformation_exists(name: str) -> ProviderError:
    """A transformation of this name exists."""
    return refused(409, f"Transformation {name[:200]} already exists")  # guess: wording


def transformation_in_use(name: str, limit: int) -> ProviderError:
    """More was derived by a transformation than can be deleted with it."""
    # guess: wording
    return refused(400, f"Transformation {name[:200]} has more than {limit} derived resources")
