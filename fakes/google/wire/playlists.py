"""JSON of playlist items: a channel's uploads are a playlist."""

from collections.abc import Sequence
from typing import Any

from fakes.google.state.profile import channel_id
from fakes.google.state.videos import Video
from fakes.google.wire.youtube import thumbnails, with_etag
from fakes.kit.clock import iso
from fakes.kit.hosts import UrlAt
from fakes.kit.people import Person

PARTS = frozenset({"id", "snippet", "contentDetails", "status"})


def uploads_of(one: Person) -> str:
    """The id of the playlist with all uploads of somebody's channel."""
    return f"UU{channel_id(one)[2:]}"


def item_body(video: Video, position: int, parts: Sequence[str], url_at: UrlAt) -> dict[str, Any]:
    """A video in its channel's uploads (developers.google.com/youtube/v3/docs/playlistItems)."""
    playlist, channel = uploads_of(video.owner), channel_id(video.owner)
    published = iso(video.created_s)
    known: dict[str, Any] = {
        "snippet": {
            "publishedAt": published,
            "channelId": channel,
            "title": video.title,
            "description": video.parts["snippet"].get("description", ""),
            "thumbnails": thumbnails(video.id, url_at),
            "channelTitle": video.owner.display_name,
            "playlistId": playlist,
            "position": position,
            "resourceId": {"kind": "youtube#video", "videoId": video.id},
            "videoOwnerChannelTitle": video.owner.display_name,
            "videoOwnerChannelId": channel,
        },
        "contentDetails": {"videoId": video.id, "videoPublishedAt": published},
        "status": {"privacyStatus": video.parts["status"]["privacyStatus"]},
    }
    body = {"kind": "youtube#playlistItem", "id": f"{playlist}.{video.id}"}
    return with_etag(body | {part: known[part] for part in parts if part in known})
