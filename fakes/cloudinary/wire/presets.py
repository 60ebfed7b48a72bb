"""Upload presets as the Admin API shows them: settings with the types that they mean."""

from collections.abc import Callable, Mapping
from typing import Any

from fakes.cloudinary import pairs
from fakes.cloudinary.flags import is_on
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Preset
from fakes.cloudinary.transformation.described import describe
from fakes.cloudinary.wire.parameters import json_or_text

_FLAGS = frozenset(
    """
    accessibility_analysis async backup cinemagraph_analysis colors disallow_public_id
    discard_original_filename eager_async exif faces image_metadata invalidate live media_metadata
    overwrite phash quality_analysis return_delete_token unique_display_name unique_filename
    use_asset_folder_as_public_id_prefix use_filename use_filename_as_display_name visual_search
    """.split()  # noqa: SIM905 - one line for each word would hide the code
)


_TYPED: Mapping[str, Callable[[str], Any]] = {
    "tags": lambda text: [tag.strip() for tag in text.split(",") if tag.strip()],
    "context": lambda text: pairs.read(text, "context"),
    "metadata": lambda text: pairs.read(text, "metadata"),
    "transformation": describe,
    **dict.fromkeys(
        ("access_control", "auto_tagging", "quality_override", "regions", "responsive_breakpoints"),
        json_or_text,
    ),
}


def preset_params(form: Form) -> dict[str, str]:
    """What a call says of a preset.

    Raises:
        ProviderError: Context or metadata cannot be read (400).
    """
    params = form.texts()
    for name in ("context", "metadata"):
        pairs.read(params.get(name, ""), name)
    return params


def preset_item(preset: Preset) -> dict[str, Any]:
    """One preset of a list, where settings are texts, or yes and no."""
    settings = {
        name: _typed(name, value) if name in _FLAGS else value for name, value in preset.settings.items()
    }
    return _body(preset, settings)


def preset_body(preset: Preset) -> dict[str, Any]:
    """Everything about one preset."""
    return _body(preset, {name: _typed(name, value) for name, value in preset.settings.items()})


def _body(preset: Preset, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": preset.name,
        "unsigned": preset.is_unsigned,
        "settings": settings,
        "external_id": preset.external_id,
    }


def _typed(name: str, value: str) -> Any:
    if name in _FLAGS:
        return is_on(value)
    reader = _TYPED.get(name)
    return reader(value) if reader else value
