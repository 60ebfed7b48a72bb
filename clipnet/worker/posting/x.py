"""Posts at X, in the bot's name.

Sources: docs.x.com/x-api/posts/create-post and .../x-api/posts/user-posts-timeline. X knows no idempotency
key: whether an attempt got through is read back from the bot's own posts. X also refuses the same text a
second time: by that what is not shown yet is not posted twice; a text that another post has gets a mark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from clipnet.clock import Clock
from clipnet.settings import XSettings
from clipnet.worker.calls import Answer, Calls
from clipnet.worker.errors import Permanent, Postponed, StepError, Transient
from clipnet.worker.posting.once import Unsure, began, once
from clipnet.worker.posting.order import Order, Posted, marked, message

_SERVICE: Final = "x"
_LONGEST: Final = 280
_LINK_COUNTS: Final = 23
_CREDITS_PAUSE_S: Final = 900.0
_MARGIN: Final = timedelta(minutes=10)
_SHOWN_WITHIN_S: Final = 60.0
_PAGE: Final = 100
_MOST_PAGES: Final = 5


class X:
    """Posts for ClipBOT."""

    def __init__(self, settings: XSettings, calls: Calls, clock: Clock) -> None:
        self._settings = settings
        self._calls = calls
        self._clock = clock
        self._user_id: str | None = None

    async def post(self, order: Order) -> Posted:
        """Post the message, as a reply where one is answered."""
        body: dict[str, Any] = {"text": _written(order)}
        if order.reply.get("post_id"):
            body["reply"] = {"in_reply_to_tweet_id": str(order.reply["post_id"])}

        async def find(since: datetime) -> Posted | None:
            with suppress(Permanent):  # X may not show it; it refuses it a second time then
                return await self._find(order, body, since)
            return None

        async def send() -> Posted:
            return await self._say(order, body)

        return await once(order, self._clock, find, send)

    async def _say(self, order: Order, body: Mapping[str, Any]) -> Posted:
        answer = await self._request(order, "POST", "/2/tweets", json=dict(body))
        if is_duplicate(answer):
            if (found := await self._known(order, body)) is not None:
                return found
            answer = await self._request(
                order, "POST", "/2/tweets", json={**body, "text": _written(marked(order))}
            )
        if is_duplicate(answer):
            raise Transient("x_duplicate", "X has this post already, but does not show it")
        if not answer.ok:
            raise self._failure(answer)
        data = answer.json().get("data")
        if not isinstance(data, dict) or not data.get("id"):
            raise Transient("x_unreadable", "X sent an answer that cannot be read")
        return self._posted(str(data["id"]))

    async def _known(self, order: Order, body: Mapping[str, Any]) -> Posted | None:
        """X has such a text of the bot: return it if it is this post, None if it is another's.

        Raises:
            Unsure: An earlier attempt may have got through, and X shows new posts with a delay.
        """
        since, now = began(order), self._clock.now()
        try:
            found = await self._find(order, body, since or now)
        except Permanent:
            # X does not show the bot's posts: an attempt whose end is not known has got through, then
            return None if since is None else Posted(None)
        if (
            found is None
            and since is not None
            and (passed_s := (now - since).total_seconds()) < _SHOWN_WITHIN_S
        ):
            words = "X has the post, but does not show it yet"
            raise Unsure("x_unsure", words, after_s=_SHOWN_WITHIN_S - passed_s)
        return found

    async def _find(self, order: Order, body: Mapping[str, Any], since: datetime) -> Posted | None:
        """Look for the post among the bot's own since then.

        Raises:
            StepError: X does not show them.
        """
        said = {body["text"], _written(marked(order))}
        parent = (body.get("reply") or {}).get("in_reply_to_tweet_id")
        begin = (since - _MARGIN).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        query: dict[str, Any] = {"max_results": _PAGE, "tweet.fields": "referenced_tweets,entities"}
        query |= {"since_id": parent} if parent else {"start_time": begin}
        path = f"/2/users/{await self._own_id(order)}/tweets"
        for _ in range(_MOST_PAGES):
            answer = await self._request(order, "GET", path, params=query)
            if not answer.ok:
                raise self._failure(answer)
            page = answer.json()
            for post in page.get("data") or ():
                if _text(post) in said and _answered(post) == parent:
                    return self._posted(str(post["id"]))
            following = (page.get("meta") or {}).get("next_token")
            if not following:
                break
            query["pagination_token"] = following
        return None

    async def _own_id(self, order: Order) -> str:
        if self._user_id is None:
            answer = await self._request(order, "GET", "/2/users/me")
            data = answer.json().get("data")
            if not answer.ok or not isinstance(data, dict) or not data.get("id"):
                raise self._failure(answer)
            self._user_id = str(data["id"])
        return self._user_id

    async def _request(self, order: Order, method: str, path: str, **more: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self._settings.bot_token.reveal()}"}
        if method == "POST":
            headers["Idempotency-Key"] = order.key
        return await self._calls.send(
            _SERVICE, method, f"{self._settings.url}{path}", headers=headers, **more
        )

    def _posted(self, post_id: str) -> Posted:
        return Posted(post_id, f"{self._settings.web_url}/i/status/{post_id}")

    def _failure(self, answer: Answer) -> StepError:
        body = answer.json()
        said = str(body.get("detail") or body.get("title") or answer.said())[:300]
        if answer.status == 402 or "usage-capped" in str(body.get("type", "")):
            return Postponed("x_credits", f"X takes no more posts now: {said}", after_s=_CREDITS_PAUSE_S)
        if answer.status == 429:
            return answer.slow_down("x_rate", f"X asks us to slow down: {said}", self._clock.now())
        if (error := answer.unavailable()) is not None:
            return error
        if answer.ok:
            return Transient("x_unreadable", "X sent an answer that cannot be read")
        if answer.status == 401:
            return Permanent("x_access", f"X refuses ClipBOT's credentials: {said}")
        return Permanent("x_refused", f"X refused the post (HTTP {answer.status}): {said}")


def is_duplicate(answer: Answer) -> bool:
    """Tell whether X refused a post because it has this text already."""
    return answer.status == 403 and "duplicate content" in str(answer.json().get("detail", ""))


def _written(order: Order) -> str:
    return message(order, _LONGEST, link_counts=_LINK_COUNTS)


def _text(post: Mapping[str, Any]) -> str:
    """Return a post's text as it was sent: X shows links shortened, and says what they stand for."""
    text = str(post.get("text", ""))
    links: Sequence[Mapping[str, Any]] = (post.get("entities") or {}).get("urls") or ()
    for link in links:
        if link.get("url") and link.get("expanded_url"):
            text = text.replace(str(link["url"]), str(link["expanded_url"]))
    return text


def _answered(post: Mapping[str, Any]) -> str | None:
    """Return the id of the post that one replies to."""
    references: Sequence[Mapping[str, Any]] = post.get("referenced_tweets") or ()
    return next((str(one["id"]) for one in references if one.get("type") == "replied_to"), None)
