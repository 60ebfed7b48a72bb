"""TikTok's JSON, both ways."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse

from fakes.kit.clock import iso
from fakes.kit.errors import ProviderError
from fakes.kit.ids import Ids
from fakes.kit.oauth import Grant, Issued, error_page
from fakes.kit.people import Person
from fakes.tiktok import errors
from fakes.tiktok.state.chunks import Plan
from fakes.tiktok.state.creators import MAX_DURATION_S, Creator, scope_of_field
from fakes.tiktok.state.photos import MAX_COUNT, Photos
from fakes.tiktok.state.profile import PROFILE
from fakes.tiktok.state.publishing import FILE_UPLOAD, PULL_FROM_URL, Publish


def log_id(now_s: float, ids: Ids) -> str:
    """The id of an answer: the time and 20 upper-case hex digits."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y%m%d%H%M%S") + ids.hex(20).upper()


def envelope(data: Mapping[str, Any], log: str) -> dict[str, Any]:
    """A success of the API: `error` is always there, its code is ok."""
    return {"data": dict(data), "error": {"code": "ok", "message": "", "log_id": log}}


def error_body(error: ProviderError, log: str, oauth_status: int) -> Any:
    """An error as a page, as OAuth's flat JSON, or in the API's envelope."""
    if "page" in error.extra:
        return error_page(error)
    if "oauth" in error.extra:
        body = {"error": error.code, "error_description": error.message, "log_id": log}
        return JSONResponse(body, oauth_status)
    code = error.code or "internal_error"
    return {"data": {}, "error": {"code": code, "message": error.message, "log_id": log}}


def token_body(issued: Issued) -> dict[str, Any]:
    """The token endpoint's answer: flat, without an envelope."""
    grant = issued.grant
    body: dict[str, Any] = {"access_token": issued.access_token, "expires_in": issued.expires_in_s}
    if grant.person is not None:
        body |= {
            "open_id": grant.user_id,
            "refresh_expires_in": issued.refresh_expires_in_s,
            "refresh_token": issued.refresh_token,
            "scope": PROFILE.join_scopes(grant.scopes),
        }
    return body | {"token_type": "Bearer"}


def user_body(grant: Grant, one: Person, fields: str | None, url: str, video_count: int) -> dict[str, Any]:
    """The fields of the user information that were asked for.

    Raises:
        ProviderError: No fields or an unknown one (400), or one without its scope (401).
    """
    names = [name.strip() for name in (fields or "").split(",") if name.strip()]
    if not names or any(scope_of_field(name) is None for name in names):
        raise errors.invalid_params("The fields parameter is missing or has an unknown field")
    if any(scope_of_field(name) not in grant.scopes for name in names):
        raise errors.scope_not_authorized()
    avatar = f"{url}/avatar/{one.login}"
    known = {
        "open_id": grant.user_id,
        "union_id": Creator(one).union_id,
        "avatar_url": avatar,
        "avatar_url_100": avatar,
        "avatar_large_url": avatar,
        "display_name": one.display_name,
        "bio_description": "",
        "profile_deep_link": f"{url}/@{one.login}",
        "is_verified": False,
        "username": one.login,
        "follower_count": 0,
        "following_count": 0,
        "likes_count": 0,
        "video_count": video_count,
    }
    return {"user": {name: known[name] for name in names}}


def creator_body(creator: Creator, url: str) -> dict[str, Any]:
    """What the creator may choose from."""
    one = creator.one
    return {
        "creator_avatar_url": f"{url}/avatar/{one.login}",
        "creator_username": one.login,
        "creator_nickname": one.display_name,
        "privacy_level_options": list(creator.privacy_levels),
        "comment_disabled": False,
        "duet_disabled": False,
        "stitch_disabled": False,
        "max_video_post_duration_sec": MAX_DURATION_S,
    }


def source_of(body: Mapping[str, Any]) -> Plan | str:
    """Where the video of a post comes from: a plan of chunks, or an address.

    Raises:
        ProviderError: `source_info` is missing or incomplete (400).
    """
    source = body.get("source_info")
    match source:
        case {
            "source": "FILE_UPLOAD",
            "video_size": int(total),
            "chunk_size": int(chunk),
            "total_chunk_count": int(count),
        }:
            return Plan(total, chunk, count)
        case {"source": "PULL_FROM_URL", "video_url": str(url)}:
            return url
    raise errors.invalid_params("The source info is incomplete")


def photos_of(body: Mapping[str, Any]) -> Photos:
    """Where the photos of a post come from.

    Raises:
        ProviderError: `source_info` is missing, incomplete or too long (400).
    """
    source = body.get("source_info")
    match source:
        case {"source": "PULL_FROM_URL", "photo_images": list(urls), "photo_cover_index": int(cover)}:
            is_usable = all(isinstance(url, str) for url in urls) and 0 < len(urls) <= MAX_COUNT
            if is_usable and 0 <= cover < len(urls):
                return Photos(tuple(urls), cover)
    raise errors.invalid_params("The source info is incomplete")


def init_body(publish: Publish, origin: str) -> dict[str, Any]:
    """The answer to the announcement of a post."""
    body = {"publish_id": publish.id}
    if publish.source == FILE_UPLOAD:
        query = f"upload_id={publish.upload_id}&upload_token={publish.upload_token}"
        body["upload_url"] = f"{origin}/video/?{query}"
    return body


def status_body(publish: Publish, stored_bytes: int) -> dict[str, Any]:
    """How far a post is; the misspelled name of the list is TikTok's."""
    count = publish.stored_bytes if publish.stored_bytes is not None else stored_bytes
    body: dict[str, Any] = {"status": publish.status}
    if publish.fail_reason is not None:
        body["fail_reason"] = publish.fail_reason
    is_seen = publish.status == "PUBLISH_COMPLETE" and publish.is_public
    body["publicaly_available_post_id"] = [int(publish.post_id)] if is_seen and publish.is_moderated else []
    return body | {("downloaded_bytes" if publish.source == PULL_FROM_URL else "uploaded_bytes"): count}


def post_body(publish: Publish, url: str) -> dict[str, Any]:
    """One line of what the platform received, in the form that all platforms share."""
    media: dict[str, Any] | None = None
    if publish.sha256 is not None:
        play = f"{url}/play/{publish.post_id}"
        media = {"url": play, "bytes": publish.stored_bytes, "sha256": publish.sha256}
    if media is not None and publish.photos:
        media["photos"] = [f"{media['url']}?photo={place}" for place in range(1, len(publish.photos) + 1)]
    return {
        "platform": "tiktok",
        "id": publish.post_id,
        "url": f"{url}/@{publish.creator.login}/video/{publish.post_id}",
        "account": publish.creator.login,
        "title": publish.title,
        "text": publish.post_info.get("description"),
        "media": media,
        "at": iso(publish.created_s),
        "idempotency_key": publish.idempotency_key,
    }
