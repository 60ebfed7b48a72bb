"""X's JSON and headers, both ways. Field names are X's."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from fakes.kit.bodies import compact_json
from fakes.kit.clock import iso, unix_s
from fakes.kit.errors import ProviderError
from fakes.kit.limits import Taken
from fakes.kit.numbers import whole
from fakes.kit.oauth import Issued, error_page
from fakes.x import errors
from fakes.x.state.media import CHECK_AFTER_S, LIFE_S, Media
from fakes.x.state.posts import Draft, PageWanted, Post
from fakes.x.state.users import CREATED_S, User
from fakes.x.state.webhooks import Subscription, Webhook

_FEWEST, _MOST = 5, 100
_LAST_ID = 2**63 - 1
CONSUMER_SECRET = "x-staging-consumer-secret"
_EXCLUSIVE = ("media", "poll", "quote_tweet_id", "card_uri")
_POST_KEYS = frozenset(
    {
        "text",
        "media",
        "reply",
        "quote_tweet_id",
        "poll",
        "geo",
        "card_uri",
        "direct_message_deep_link",
        "reply_settings",
        "community_id",
        "share_with_followers",
        "nullcast",
        "for_super_followers_only",
        "made_with_ai",
        "paid_partnership",
        "edit_options",
    }
)
_REPLY_SETTINGS = ("following", "mentionedUsers", "subscribers", "verified")


def error_body(error: ProviderError) -> Any:
    """A problem, or an OAuth error, or the error page of the consent page."""
    if "page" in error.extra:
        return error_page(error)
    if error.extra.get("oauth"):
        return {"error": error.code, "error_description": error.message}
    extra = dict(error.extra)
    title = extra.pop("title", HTTPStatus(error.status).phrase)
    kind = extra.pop("type", "about:blank")
    omits_status = extra.pop("omits_status", False)
    detail = error.message if error.extra else title
    body = {**extra, "title": title, "detail": detail, "type": kind}
    if "errors" not in extra and not omits_status:
        body["status"] = error.status
    return JSONResponse(body, error.status, error.headers, "application/problem+json")


def time(unix_s: float) -> str:
    """ISO 8601 with milliseconds, which are always 0."""
    return iso(unix_s).replace("Z", ".000Z")


def rate_headers(taken: Taken) -> dict[str, str]:
    """Rate-limit headers; the reset is a time in Unix seconds."""
    return {
        "x-rate-limit-limit": str(taken.limit),
        "x-rate-limit-remaining": str(taken.remaining),
        "x-rate-limit-reset": str(int(taken.reset_s) + 1),
    }


def token_body(issued: Issued) -> dict[str, Any]:
    """Answer of POST /2/oauth2/token."""
    body: dict[str, Any] = {"token_type": "bearer", "expires_in": issued.expires_in_s}
    body |= {"access_token": issued.access_token, "scope": " ".join(issued.grant.scopes)}
    return body | ({"refresh_token": issued.refresh_token} if issued.refresh_token else {})


def user_body(user: User, fields: Sequence[str] = ()) -> dict[str, Any]:
    """An account, with what `user.fields` asks for."""
    more = {
        "created_at": time(CREATED_S),
        "description": "",
        "protected": False,
        "verified": False,
        "public_metrics": {"followers_count": 0, "following_count": 0, "tweet_count": 0, "listed_count": 0},
    }
    asked = {name: more[name] for name in fields if name in more}
    return {"id": user.id, "name": user.name, "username": user.username, **asked}


def post_body(post: Post, media: Sequence[Media] = (), fields: Sequence[str] = ()) -> dict[str, Any]:
    """A post, with what `tweet.fields` asks for."""
    more: dict[str, Any] = {
        "author_id": post.author_id,
        "created_at": time(post.created_s),
        "conversation_id": post.reply_to or post.id,
    }
    if media:
        more["attachments"] = {"media_keys": [one.key for one in media]}
    referred = [("replied_to", post.reply_to), ("quoted", post.quote_of)]
    if references := [{"type": kind, "id": post_id} for kind, post_id in referred if post_id]:
        more["referenced_tweets"] = references
    asked = {name: more[name] for name in fields if name in more}
    return {**new_post_body(post), **asked}


def page_wanted(query: Mapping[str, str]) -> PageWanted:
    """What a request asks of a timeline (docs.x.com/x-api/posts/user-posts-timeline-by-user-id).

    The token of a page is the id of the last post before it.

    Raises:
        ProviderError: A parameter has a bad value.
    """
    asked = query.get("max_results", "10")
    most = whole(asked, _MOST)
    if most is None or most < _FEWEST:
        message = f"The `max_results` query parameter value [{asked}] is not between {_FEWEST} and {_MOST}"
        raise errors.invalid(message, "max_results", asked)
    return PageWanted(
        most=most,
        since_id=_id(query, "since_id", 0),
        until_id=min(_id(query, "until_id", _LAST_ID), _id(query, "pagination_token", _LAST_ID)),
        begin_s=_unix_s(query, "start_time", 0.0),
        end_s=_unix_s(query, "end_time", float("inf")),
    )


def page_meta(posts: Sequence[Post], *, has_more: bool) -> dict[str, Any]:
    """What is said of a page of posts."""
    if not posts:
        return {"result_count": 0}
    meta = {"result_count": len(posts), "newest_id": posts[0].id, "oldest_id": posts[-1].id}
    return meta | ({"next_token": posts[-1].id} if has_more else {})


def _id(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name)
    if not text:
        return default
    found = whole(text)
    if found is None:
        raise errors.invalid(f"The `{name}` query parameter value [{text}] is not valid", name, text)
    return found


def _unix_s(query: Mapping[str, str], name: str, default: float) -> float:
    text = query.get(name)
    if not text:
        return default
    try:
        return unix_s(text)
    except ValueError:
        message = f"The `{name}` query parameter value [{text}] is not a valid RFC 3339 time"
        raise errors.invalid(message, name, text) from None


def new_post_body(post: Post) -> dict[str, Any]:
    """A post as its creation answers; the list of edits has an old and a new name."""
    edits = [post.id]
    return {"id": post.id, "text": post.text, "edit_history_tweet_ids": edits, "edit_history_post_ids": edits}


def draft(body: Mapping[str, Any], idempotency_key: str | None) -> Draft:
    """A post as an application sends it.

    Raises:
        ProviderError: Unknown keys, or fields that exclude each other or have bad values.
    """
    if unknown := sorted(set(body) - _POST_KEYS):
        raise errors.unknown_keys(unknown)
    if len([name for name in _EXCLUSIVE if body.get(name)]) > 1:
        raise errors.invalid(f"{', '.join(_EXCLUSIVE)} are mutually exclusive")
    media, reply, poll = (_object(body, name) for name in ("media", "reply", "poll"))
    _check_poll(poll)
    settings = body.get("reply_settings")
    if settings is not None and settings not in _REPLY_SETTINGS:
        message = f"reply_settings must be one of {', '.join(_REPLY_SETTINGS)}"
        raise errors.invalid(message, "reply_settings", str(settings))
    text = body.get("text", "")
    if not isinstance(text, str):
        raise errors.invalid("$.text: must be a string", "text", str(text))
    media_ids = media.get("media_ids") or ()
    if not isinstance(media_ids, list | tuple):
        raise errors.invalid("$.media.media_ids: must be an array", "media.media_ids", str(media_ids))
    reply_to = reply.get("in_reply_to_tweet_id")
    quote_of = body.get("quote_tweet_id")
    return Draft(
        text=text,
        media_ids=tuple(map(str, media_ids)),
        reply_to=None if reply_to is None else str(reply_to),
        quote_of=None if quote_of is None else str(quote_of),
        has_more=bool(poll or quote_of or body.get("card_uri")),
        idempotency_key=idempotency_key,
    )


def _object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within a post; an absent one is empty."""
    found = body.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise errors.invalid(f"$.{name}: must be an object", name, str(found))
    return found


def _check_poll(poll: Mapping[str, Any]) -> None:
    if not poll:
        return
    options, minutes = poll.get("options"), poll.get("duration_minutes")
    if not isinstance(options, list) or not 2 <= len(options) <= 4:
        raise errors.invalid("poll.options must have 2 to 4 options", "poll.options")
    if not isinstance(minutes, int) or not 5 <= minutes <= 10_080:
        raise errors.invalid("poll.duration_minutes must be from 5 to 10080", "poll.duration_minutes")


def media_body(media: Media) -> dict[str, Any]:
    """An upload that was announced."""
    return {"data": {"id": media.id, "media_key": media.key, "expires_after_secs": LIFE_S}}


def final_media_body(media: Media) -> dict[str, Any]:
    """An upload that is complete, with the state of its processing."""
    body: dict[str, Any] = {"id": media.id, "media_key": media.key, "size": media.total_bytes}
    body["expires_after_secs"] = LIFE_S
    if media.progress is not None:
        body["processing_info"] = _processing(media)
    elif media.image is not None:
        image_type, width_px, height_px = media.image
        body["image"] = {"image_type": image_type, "w": width_px, "h": height_px}
    return {"data": body}


def _processing(media: Media) -> dict[str, Any]:
    if media.progress == 100 and media.is_broken:
        reason = {"code": 1, "name": "InvalidMedia", "message": "Unsupported video format"}
        return {"state": "failed", "progress_percent": 100, "error": reason}
    if media.progress == 100:
        return {"state": "succeeded", "progress_percent": 100}
    if not media.progress:
        return {"state": "pending", "check_after_secs": CHECK_AFTER_S}
    return {"state": "in_progress", "progress_percent": media.progress, "check_after_secs": CHECK_AFTER_S}


def segment(text: Any) -> bytes:
    """A segment that came as base64 in JSON.

    Raises:
        ProviderError: It is not base64.
    """
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError:
        raise errors.invalid("media is not base64", "media") from None


def webhook_body(webhook: Webhook) -> dict[str, Any]:
    """A webhook."""
    body = {"id": webhook.id, "url": webhook.url, "valid": webhook.is_valid}
    return body | {"created_at": time(webhook.created_s)}


def subscription_body(one: Subscription) -> dict[str, Any]:
    """An activity subscription."""
    body: dict[str, Any] = {
        "subscription_id": one.id,
        "event_type": one.event_type,
        "filter": dict(one.filter),
        "tag": one.tag,
        "created_at": time(one.created_s),
    }
    return body | ({"webhook_id": one.webhook_id} if one.webhook_id else {})


def event_body(one: Subscription, event_uuid: str, post: Post, author: User) -> bytes:
    """An event about a post (docs.x.com/x-api/activity/introduction)."""
    fields = ("author_id", "created_at", "conversation_id")
    event = {
        "event_uuid": event_uuid,
        "filter": dict(one.filter),
        "event_type": one.event_type,
        "tag": one.tag,
        "payload": post_body(post, fields=fields),
    }
    return compact_json({"data": event, "includes": {"users": [user_body(author)]}})


def signature(message: bytes, secret: str = CONSUMER_SECRET) -> str:
    """`sha256=` and the base64 HMAC that both challenges and events carry."""
    digest = hmac.new(secret.encode(), message, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


def event_headers(body: bytes, *, is_forged: bool = False) -> dict[str, str]:
    """Headers of an event; a forged one is signed with a wrong secret."""
    secret = f"not-{CONSUMER_SECRET}" if is_forged else CONSUMER_SECRET
    return {
        "Content-Type": "application/json",
        "x-twitter-webhooks-signature": signature(body, secret),
    }
