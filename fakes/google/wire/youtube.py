"""JSON of the YouTube Data API: videos, channels, thumbnails."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fakes.google.state.profile import channel_id
from fakes.google.state.videos import Video
from fakes.kit.clock import iso
from fakes.kit.hosts import UrlAt
from fakes.kit.people import Person

WEB_HOST = "www.youtube.com"
VIDEO_PARTS = frozenset(
    {
        "id",
        "snippet",
        "status",
        "contentDetails",
        "statistics",
        "processingDetails",
        "fileDetails",
        "recordingDetails",
        "localizations",
        "player",
        "topicDetails",
        "liveStreamingDetails",
        "suggestions",
        "paidProductPlacementDetails",
    }
)
WRITABLE_PARTS = frozenset({"id", "snippet", "status", "recordingDetails", "localizations"})
CHANNEL_PARTS = frozenset(
    {"id", "snippet", "contentDetails", "statistics", "status", "brandingSettings", "topicDetails"}
)
_SIZES = {
    "default": (120, 90, "default"),
    "medium": (320, 180, "mqdefault"),
    "high": (480, 360, "hqdefault"),
    "standard": (640, 480, "sddefault"),
    "maxres": (1280, 720, "maxresdefault"),
}
_JOINED_S = 1_577_836_800  # 2020-01-01


def with_etag(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with its etag as the second field; the same content has the same etag."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:27]
    return {"kind": body["kind"], "etag": digest, **{k: v for k, v in body.items() if k != "kind"}}


def video_body(
    video: Video, parts: Sequence[str], url_at: UrlAt, *, for_owner: bool = True, is_new: bool = False
) -> dict[str, Any]:
    """A video resource with the parts asked for (developers.google.com/youtube/v3/docs/videos).

    Args:
        url_at: Origins of the addresses in it.
        for_owner: Whether parts that only the owner sees may be shown.
        is_new: Whether this answers the upload, which says `uploaded` however fast processing is.
    """
    if is_new:
        video = replace(video, upload_status="uploaded", failure=None, progress=0.0)
    watch = f"{url_at(WEB_HOST)}/watch?v={video.id}"
    makers: dict[str, Callable[[], Any]] = {
        "snippet": lambda: _snippet(video, url_at),
        "status": lambda: _status(video),
        "contentDetails": lambda: _content_details(video),
        "statistics": lambda: dict.fromkeys(("viewCount", "likeCount", "favoriteCount", "commentCount"), "0"),
        "recordingDetails": lambda: video.parts.get("recordingDetails", {}),
        "localizations": lambda: video.parts.get("localizations", {}),
        "player": lambda: {"embedHtml": f'<iframe width="480" height="270" src="{watch}">'},
    }
    if for_owner:
        makers["processingDetails"] = lambda: _processing_details(video)
        makers["fileDetails"] = lambda: _file_details(video)
    body: dict[str, Any] = {"kind": "youtube#video", "id": video.id}
    return with_etag(body | {part: makers[part]() for part in parts if part in makers})


def list_body(
    kind: str,
    items: Sequence[Mapping[str, Any]],
    per_page: int,
    *,
    total: int | None = None,
    tokens: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A page of a list response; the only one when `total` and `tokens` are not given."""
    page = {"totalResults": len(items) if total is None else total, "resultsPerPage": per_page}
    return with_etag({"kind": kind, **(tokens or {}), "items": list(items), "pageInfo": page})


def channel_body(one: Person, parts: Sequence[str], video_count: int, url_at: UrlAt) -> dict[str, Any]:
    """A channel resource (developers.google.com/youtube/v3/docs/channels)."""
    channel = channel_id(one)
    picture = f"{url_at('yt3.ggpht.com')}/a/{one.login}"
    known: dict[str, Any] = {
        "snippet": {
            "title": one.display_name,
            "description": "",
            "customUrl": f"@{one.login}",
            "publishedAt": iso(_JOINED_S + one.number),
            "thumbnails": {
                name: {"url": picture, "width": size, "height": size}
                for name, size in (("default", 88), ("medium", 240), ("high", 800))
            },
            "localized": {"title": one.display_name, "description": ""},
            "country": "DE",
        },
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": f"UU{channel[2:]}"}},
        "statistics": {
            "viewCount": "0",
            "subscriberCount": "0",
            "hiddenSubscriberCount": False,
            "videoCount": str(video_count),
        },
        "status": {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": "allowed"},
    }
    body = {"kind": "youtube#channel", "id": channel}
    return with_etag(body | {part: known[part] for part in parts if part in known})


def thumbnails_body(video_id: str, url_at: UrlAt) -> dict[str, Any]:
    """Answer of thumbnails.set."""
    return with_etag({"kind": "youtube#thumbnailSetResponse", "items": [thumbnails(video_id, url_at)]})


def thumbnails(video_id: str, url_at: UrlAt) -> dict[str, Any]:
    """Addresses and sizes of a video's images."""
    pictures = url_at("i.ytimg.com")
    return {
        name: {"url": f"{pictures}/vi/{video_id}/{file}.jpg", "width": width, "height": height}
        for name, (width, height, file) in _SIZES.items()
    }


def post_body(video: Video, url_at: UrlAt) -> dict[str, Any]:
    """One line of what the platform received, in the form that all platforms share."""
    url, media = url_at(WEB_HOST), None
    if video.sha256 is not None:
        play = f"{url}/videoplayback?id={video.id}"
        media = {"url": play, "bytes": video.size_bytes, "sha256": video.sha256}
    return {
        "platform": "youtube",
        "id": video.id,
        "url": f"{url}/watch?v={video.id}",
        "account": video.owner.login,
        "title": video.title,
        "text": video.parts["snippet"].get("description", ""),
        "media": media,
        "at": iso(video.created_s),
        "idempotency_key": video.idempotency_key,
    }


def duration(seconds: float) -> str:
    """ISO 8601, as `PT1M30S`; a begun second counts."""
    whole = max(0, int(seconds + 0.999))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    text = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return "PT" + text + (f"{rest}S" if rest or not text else "")


def _snippet(video: Video, url_at: UrlAt) -> dict[str, Any]:
    written = video.parts["snippet"]
    return {
        "publishedAt": iso(video.created_s),
        "channelId": channel_id(video.owner),
        "channelTitle": video.owner.display_name,
        **written,
        "thumbnails": thumbnails(video.id, url_at),
        "liveBroadcastContent": "none",
        "localized": {"title": written["title"], "description": written.get("description", "")},
    }


def _status(video: Video) -> dict[str, Any]:
    field = "rejectionReason" if video.upload_status == "rejected" else "failureReason"
    failure = {field: video.failure} if video.failure else {}
    written = video.parts["status"]
    made_for_kids = {"madeForKids": bool(written.get("selfDeclaredMadeForKids", False))}
    return {"uploadStatus": video.upload_status, **failure, **written, **made_for_kids}


def _content_details(video: Video) -> dict[str, Any]:
    is_done = video.upload_status == "processed"
    is_hd = min(video.width_px or 0, video.height_px or 0) >= 720
    return {
        "duration": duration(video.duration_s or 0) if is_done else "P0D",
        "dimension": "2d",
        "definition": "hd" if is_hd and is_done else "sd",
        "caption": "false",
        "licensedContent": False,
        "contentRating": {},
        "projection": "rectangular",
    }


_PROCESSING = {
    "uploaded": "processing",
    "processed": "succeeded",
    "rejected": "terminated",
    "failed": "failed",
}
_PROCESSING_FAILURES = {"uploadAborted": "uploadFailed"}


def _processing_details(video: Video) -> dict[str, Any]:
    word = _PROCESSING[video.upload_status]
    body: dict[str, Any] = {"processingStatus": word}
    if word == "processing":
        body["processingProgress"] = {
            "partsTotal": "100",
            "partsProcessed": str(int(video.progress * 100)),
            "timeLeftMs": str(int(video.time_left_s * 1000)),
        }
    if word == "failed":
        body["processingFailureReason"] = _PROCESSING_FAILURES.get(video.failure or "", "transcodeFailed")
    available = "available" if word == "succeeded" else "inProgress"
    for name in ("fileDetails", "processingIssues", "tagSuggestions", "editorSuggestions", "thumbnails"):
        body[f"{name}Availability"] = available
    return body


def _file_details(video: Video) -> dict[str, Any]:
    streams: dict[str, Any] = {}
    if video.width_px:
        streams["videoStreams"] = [{"widthPixels": video.width_px, "heightPixels": video.height_px}]
    return {
        "fileName": "unknown",
        "fileSize": str(video.size_bytes or 0),
        "fileType": "video",
        "durationMs": str(int((video.duration_s or 0) * 1000)),
        **streams,
    }
