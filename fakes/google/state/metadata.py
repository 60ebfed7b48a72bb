"""The rules for a video's title, description, tags, category and status (YouTube: videos.insert)."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.google import errors
from fakes.kit.clock import unix_s

TITLE_LIMIT_CHARS = 100
DESCRIPTION_LIMIT_BYTES = 5000
TAGS_LIMIT_CHARS = 500
_CATEGORIES = frozenset(map(str, (1, 2, 10, 15, 17, 19, 20, *range(22, 30))))
_PRIVACY = ("public", "unlisted", "private")
_LICENSES = ("youtube", "creativeCommon")
_SNIPPET = ("title", "description", "tags", "categoryId", "defaultLanguage", "defaultAudioLanguage")
_STATUS = (
    "privacyStatus",
    "publishAt",
    "license",
    "embeddable",
    "publicStatsViewable",
    "selfDeclaredMadeForKids",
    "containsSyntheticMedia",
)


def checked(resource: Mapping[str, Any], now_s: float) -> dict[str, Any]:
    """The writable parts of a video resource with YouTube's defaults filled in.

    Raises:
        ProviderError: A field breaks a rule (400 with its reason and location).
    """
    snippet, status = _part(resource, "snippet"), _part(resource, "status")
    parts: dict[str, Any] = {"snippet": _checked_snippet(snippet), "status": _checked_status(status, now_s)}
    if "recordingDetails" in resource:
        parts["recordingDetails"] = _checked_recording(_part(resource, "recordingDetails"))
    if "localizations" in resource:
        parts["localizations"] = _checked_localizations(
            _part(resource, "localizations"), parts["snippet"].get("defaultLanguage")
        )
    return parts


def updated(
    known: Mapping[str, Any], resource: Mapping[str, Any], names: Sequence[str], now_s: float
) -> dict[str, Any]:
    """The parts of a video after videos.update: those that are named are written anew, the others stay.

    Raises:
        ProviderError: A field breaks a rule, or a snippet has no title or no category (400).
    """
    parts = dict(known)
    if "snippet" in names:
        snippet = _part(resource, "snippet")
        parts["snippet"] = _checked_snippet({"title": "", "categoryId": "", **snippet})
    if "status" in names:
        parts["status"] = _checked_status(_part(resource, "status"), now_s)
    if "recordingDetails" in names:
        parts["recordingDetails"] = _checked_recording(_part(resource, "recordingDetails"))
    if "localizations" in names:
        language = parts["snippet"].get("defaultLanguage")
        parts["localizations"] = _checked_localizations(_part(resource, "localizations"), language)
    return parts


def tags_chars(tags: Sequence[str]) -> int:
    """How long tags are to YouTube: with commas between them, and quotes around those with spaces."""
    return sum(len(tag) + 2 * (" " in tag) for tag in tags) + max(0, len(tags) - 1)


def _part(resource: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = resource.get(name, {})
    if not isinstance(part, dict):
        raise errors.parse_error()
    return part


def _checked_snippet(snippet: Mapping[str, Any]) -> dict[str, Any]:
    title = snippet.get("title", "unknown" if not snippet else "")
    if not _is_text(title) or not title.strip() or len(title) > TITLE_LIMIT_CHARS:
        text = "The request metadata specifies an invalid or empty video title."
        raise errors.invalid_metadata("invalidTitle", text, "snippet.title")
    description = snippet.get("description", "")
    if not _is_text(description) or len(description.encode()) > DESCRIPTION_LIMIT_BYTES:
        text = "The request metadata specifies an invalid video description."
        raise errors.invalid_metadata("invalidDescription", text, "snippet.description")
    tags = snippet.get("tags", [])
    if not isinstance(tags, list) or not all(map(_is_text, tags)) or tags_chars(tags) > TAGS_LIMIT_CHARS:
        text = "The request metadata specifies invalid video keywords."
        raise errors.invalid_metadata("invalidTags", text, "snippet.tags")
    category = snippet.get("categoryId", "22")
    if category not in _CATEGORIES:
        text = "The <code>snippet.categoryId</code> property specifies an invalid category ID."
        raise errors.invalid_metadata("invalidCategoryId", text, "snippet.categoryId")
    written = {name: snippet[name] for name in _SNIPPET if name in snippet}
    return written | {"title": title, "description": description, "categoryId": category}


def _checked_status(status: Mapping[str, Any], now_s: float) -> dict[str, Any]:
    privacy = status.get("privacyStatus", "public")
    license_name = status.get("license", "youtube")
    if privacy not in _PRIVACY or license_name not in _LICENSES:
        field = "status.privacyStatus" if privacy not in _PRIVACY else "status.license"
        raise errors.invalid_metadata("invalidVideoMetadata", "The request metadata is invalid.", field)
    if "publishAt" in status and not (privacy == "private" and _is_later(status["publishAt"], now_s)):
        text = "The request metadata specifies an invalid scheduled publishing time."
        raise errors.invalid_metadata("invalidPublishAt", text, "status.publishAt")
    defaults = {"privacyStatus": "public", "license": "youtube", "embeddable": True}
    defaults |= {"publicStatsViewable": True}
    return defaults | {name: status[name] for name in _STATUS if name in status}


def _checked_recording(details: Mapping[str, Any]) -> Mapping[str, Any]:
    date = details.get("recordingDate")
    if date is not None and _seconds(date) is None:
        text = "The request metadata specifies invalid recording details."
        raise errors.invalid_metadata("invalidRecordingDetails", text, "recordingDetails.recordingDate")
    return details


def _checked_localizations(found: Mapping[str, Any], default_language: object) -> Mapping[str, Any]:
    if found and not default_language:
        text = (
            "The API request is trying to add localized video details without specifying the default language"
            " of the video details."
        )
        raise errors.invalid_metadata("defaultLanguageNotSet", text, "localizations")
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "<" not in value and ">" not in value


def _is_later(value: object, now_s: float) -> bool:
    at_s = _seconds(value)
    return at_s is not None and at_s > now_s


def _seconds(value: object) -> float | None:
    try:
        return unix_s(str(value))
    except ValueError:
        return None
