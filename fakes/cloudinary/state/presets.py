"""Upload presets: named sets of upload parameters, and what becomes of a request that names one.

Source: cloudinary.com/documentation/upload_presets and admin_api#upload_presets.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fakes.cloudinary import errors, pairs
from fakes.cloudinary.flags import is_on
from fakes.cloudinary.state.documents import Documents
from fakes.cloudinary.state.listing import Window
from fakes.kit.ids import Ids
from fakes.kit.store import Store

Params = Mapping[str, str | tuple[str, ...]]

NAME_MAX_LENGTH = 255
_OWN = ("disallow_public_id", "live")
"""Settings that say something of the preset itself and are no parameters of an upload."""
SETTINGS = frozenset(
    """
    access_control access_mode accessibility_analysis allowed_formats asset_folder async
    auto_chaptering auto_tagging auto_transcription background_removal backup callback
    categorization cinemagraph_analysis colors context custom_coordinates detection
    discard_original_filename display_name eager eager_async eager_notification_url eval exif
    face_coordinates faces filename_override folder format headers image_metadata invalidate
    media_metadata metadata moderation notification_url ocr on_success overwrite phash proxy
    public_id public_id_prefix quality_analysis quality_override raw_convert regions
    responsive_breakpoints return_delete_token similarity_search tags transformation type
    unique_display_name unique_filename use_asset_folder_as_public_id_prefix use_filename
    use_filename_as_display_name visual_search disallow_public_id live
    """.split()  # noqa: SIM905 - one line for each word would hide the code
)
"""What a preset keeps; other parameters are dropped without a word, as Cloudinary does."""
_FROM_REQUEST = ("public_id", "filename_override")
"""What an unsigned request says itself, whatever the preset says."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset.

    Attributes:
        is_unsigned: Uploads without a signature may name it.
        settings: Parameters as an upload sends them, with those of `_OWN`.
    """

    name: str
    external_id: str
    is_unsigned: bool
    settings: Mapping[str, str]

    @property
    def disallows_public_id(self) -> bool:
        """Whether a request may not choose its public id."""
        return is_on(self.settings.get("disallow_public_id", ""))


class Presets:
    """The upload presets of all clouds.

    Args:
        store: The fake's store.
        ids: Gives names and external ids.
    """

    def __init__(self, store: Store, ids: Ids) -> None:
        self._documents = Documents(store, "preset", Preset)
        self._ids = ids

    def find(self, cloud: str, name: str) -> Preset | None:
        """The preset of this name, or None."""
        return self._documents.find(cloud, name)

    def get(self, cloud: str, name: str) -> Preset:
        """The preset of this name.

        Raises:
            ProviderError: There is none (404).
        """
        preset = self.find(cloud, name)
        if preset is None:
            raise errors.preset_unknown(name)
        return preset

    def page(self, cloud: str, window: Window) -> tuple[list[Preset], str | None]:
        """Some presets, the newest first, and the cursor of the next page."""
        return self._documents.page(cloud, window)

    def create(self, cloud: str, params: Mapping[str, str]) -> Preset:
        """Add a preset; one that has its name already is replaced. Without a name it gets one.

        Args:
            cloud: Whose it is.
            params: `name`, `unsigned` and settings, as sent.

        Raises:
            ProviderError: The name is too long (400).
        """
        name = params.get("name") or self._documents.unused(cloud, lambda: self._ids.text(8))
        if len(name) > NAME_MAX_LENGTH:
            raise errors.invalid_parameter("name", name)
        before = self.find(cloud, name)
        external_id = before.external_id if before else self._ids.uuid()
        preset = Preset(name, external_id, is_on(params.get("unsigned", "")), _settings(params))
        self._documents.put(cloud, name, preset)
        return preset

    def update(self, cloud: str, name: str, params: Mapping[str, str]) -> Preset:
        """Change the settings that are named; those that are empty are taken away.

        The provider's own samples name a single setting and go on with the others.

        Raises:
            ProviderError: There is none of this name (404).
        """
        before = self.get(cloud, name)
        is_unsigned = is_on(params["unsigned"]) if params.get("unsigned") else before.is_unsigned
        kept = {key: value for key, value in before.settings.items() if key not in params}
        preset = Preset(name, before.external_id, is_unsigned, kept | _settings(params))
        self._documents.put(cloud, name, preset)
        return preset

    def delete(self, cloud: str, name: str) -> Preset:
        """Delete a preset and return it.

        Raises:
            ProviderError: There is none of this name (404).
        """
        preset = self.get(cloud, name)
        self._documents.delete(cloud, name)
        return preset


def applied(preset: Preset, asked: Params, *, is_signed: bool) -> dict[str, str | tuple[str, ...]]:
    """The parameters of an upload that names a preset.

    Signed requests override the preset, unsigned ones are overridden by it and never overwrite an asset.
    Tags, context and metadata are joined either way.

    Args:
        preset: What the request names.
        asked: Parameters of the request, after its signature was checked.
        is_signed: Whether somebody with a secret sent it.

    Raises:
        ProviderError: Context or metadata cannot be read (400).
    """
    own: dict[str, str | tuple[str, ...]] = {
        name: value for name, value in preset.settings.items() if name not in _OWN
    }
    request = dict(asked)
    if preset.disallows_public_id:
        request.pop("public_id", None)  # guess: left out without a word
    if is_signed:
        whole = own | {name: value for name, value in request.items() if value}
    else:
        whole = request | own | {name: request[name] for name in _FROM_REQUEST if request.get(name)}
        whole["overwrite"] = "0"
    first, last = (own, request) if is_signed else (request, own)
    for name in ("tags", "context", "metadata"):
        if own.get(name) and request.get(name):
            whole[name] = _joined(name, _text(first[name]), _text(last[name]))
    return whole


def _joined(name: str, first: str, last: str) -> str:
    if name == "tags":
        return f"{first},{last}"
    return pairs.write(pairs.read(first, name) | pairs.read(last, name))


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else ",".join(value)


def _settings(params: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in params.items() if name in SETTINGS and value}
