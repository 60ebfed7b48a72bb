"""What TikTok remembers: authorizations, posts, limits."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fakes.kit.documents import check_fields, rows
from fakes.kit.errors import ProviderError
from fakes.kit.footage import examine
from fakes.kit.kit import Kit
from fakes.kit.limits import Windows
from fakes.kit.oauth import SCHEMA, Client, Engine, Grant
from fakes.kit.people import Person
from fakes.kit.refusals import Refusals
from fakes.kit.spool import Spool
from fakes.tiktok import errors
from fakes.tiktok.refusals import LENIENT, ON_COMMAND
from fakes.tiktok.state import publishing, settings
from fakes.tiktok.state.chunks import Plan, flaw, range_of
from fakes.tiktok.state.creators import Creator, fail_reason, flaw_of_post
from fakes.tiktok.state.notices import Notices
from fakes.tiktok.state.photos import PHOTO_MARK_BYTES, Photos, flaw_of_text, is_photo
from fakes.tiktok.state.profile import PROFILE
from fakes.tiktok.state.publishing import DIRECT, INBOX, Publish, Publishing
from fakes.tiktok.state.pull import Puller
from fakes.tiktok.state.settings import Settings

_FIELDS = ("oauth", "videos", *settings.DEFAULTS)
_WINDOW_S = 60.0
_USER_DISCONNECTED, _DEVELOPER_REVOKED = 1, 5


class TikTokState:
    """All of it, in the kit's store; media lies in files beside the store."""

    def __init__(self, kit: Kit) -> None:
        store = kit.open_store(SCHEMA + publishing.SCHEMA + settings.SCHEMA)
        folder = kit.settings.state_dir
        self.kit = kit
        self.oauth = Engine(PROFILE, kit, tell=self._removed)
        self.settings = Settings(store)
        self.spool = Spool(folder / "tiktok-media" if folder else None)
        self.publishing = Publishing(store, kit.clock, kit.ids)
        self.refusals = Refusals(ON_COMMAND)
        self._examined: set[str] = set()
        self._windows = Windows(kit.clock)
        self._puller = Puller(self.spool, kit.settings.media)
        self._notices = Notices(kit.webhooks, kit.clock)

    @property
    def web_url(self) -> str:
        """Origin of the pages that people see, for whoever is being answered."""
        return self.kit.url_at("www.tiktok.com")

    def populate(self) -> None:
        """Write the clients."""
        self.oauth.populate()

    def load(self, document: Mapping[str, Any]) -> None:
        """Read `oauth`, `videos` and the settings of a seed document.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(document, _FIELDS)
        self.oauth.load(document)
        self.settings.load(document)
        self.publishing.load(rows(document, "videos"))

    def summary(self) -> dict[str, Any]:
        """Counts for the control surface."""
        return self.publishing.summary() | self.oauth.summary()

    def reset(self) -> None:
        """Drop all media, what is under way, and the counts of the rate limits."""
        self._puller.stop()
        self._notices.stop()
        self._windows.clear()
        self.spool.clear()

    def close(self) -> None:
        """Stop what is under way and remove temporary media."""
        self._puller.stop()
        self._notices.stop()
        self.spool.close()

    def caller(self, token: str | None, *scopes: str, per_minute: int | None = None) -> Grant:
        """Whose token this is; the call is counted.

        Raises:
            ProviderError: Not a live user token, none of the scopes (401), or too many calls (429).
        """
        grant = self.oauth.bearer(token, *scopes)
        if grant.person is None:
            raise errors.token_invalid()
        if per_minute is not None:
            key = f"{token} {'/'.join(scopes)} {per_minute}"
            if self._windows.take(key, per_minute, _WINDOW_S).is_over:
                raise errors.rate_limited()
        self.refusals.strike()
        return grant

    def reader(self, token: str | None, *scopes: str, per_minute: int) -> Grant:
        """As `caller`, for creator_info: what speaks against posting comes with status 200 on purpose.

        Raises:
            ProviderError: As for `caller`.
        """
        try:
            return self.caller(token, *scopes, per_minute=per_minute)
        except ProviderError as error:
            if str(error.code).startswith(LENIENT):
                error.status = 200
            raise

    def creator(self, one: Person) -> Creator:
        """A creator who may post now; the refusals come with status 200 on purpose.

        Raises:
            ProviderError: Banned, or over the posts of a day.
        """
        self._check_may_post(one, 200)
        return Creator(one)

    def announce(
        self,
        one: Person,
        post_info: Mapping[str, Any],
        source: Plan | str | Photos,
        key: str | None,
        kind: str = DIRECT,
    ) -> Publish:
        """Begin a direct post or a draft for the inbox; what is to be pulled is fetched in the background.

        Raises:
            ProviderError: The post, the plan or the address breaks a rule, or the creator may not post.
        """
        self._check_may_post(one, 403, kind)
        self._check_post(one, post_info, source, kind)
        if isinstance(source, Plan):
            wrong = flaw(source)
            if wrong is not None:
                raise errors.invalid_params(wrong)
            return self.publishing.announce(one, post_info, source, key, kind)
        urls = source.urls if isinstance(source, Photos) else (source,)
        if not all(map(self._puller.allows, urls)):
            raise errors.url_unverified()
        publish = self.publishing.announce(one, post_info, source, key, kind)
        self._pull(publish)
        return publish

    def check_chunk(self, publish: Publish, content_range: str | None, length: int | None) -> int:
        """Where the file ends after this chunk.

        Raises:
            ProviderError: Malformed (400), or not the next chunk of the plan (416).
        """
        asked = range_of(content_range)
        if asked is None or publish.plan is None:
            raise errors.upload(400, f"The Content-Range header '{content_range}' is malformed.")
        first, end, total = asked
        if total != publish.plan.total_bytes or (length is not None and length != end - first):
            raise errors.upload(400, "The body is not as long as the Content-Range header says.")
        self.spool.settle(publish.file)
        stored = self.spool.size(publish.file)
        if publish.is_received or first != stored or end != publish.plan.next_end(stored):
            raise errors.upload(416, f"The next expected byte is {stored}.")
        return end

    async def receive(self, publish: Publish) -> None:
        """All bytes have come: look into them and publish, or not; what is cancelled meanwhile stays so."""
        if publish.id in self._examined or self.publishing.existing(publish.id).is_received:
            return
        self._examined.add(publish.id)
        try:
            reason = await asyncio.to_thread(self._flaw, publish)
            digest = await asyncio.to_thread(self.spool.sha256, publish.file)
        finally:
            self._examined.discard(publish.id)
        if self.publishing.existing(publish.id).is_received:
            self._drop_media(publish)
            return
        size_bytes = sum(map(self.spool.size, publish.files))
        processing_s = float(self.settings.get("processing_s"))
        moderation_s = float(self.settings.get("moderation_s"))
        self.publishing.received(publish.id, digest, size_bytes, processing_s, moderation_s)
        reason = reason or self.settings.get("outcome") or None
        if reason is not None:
            self._fail(publish, reason, after_s=processing_s)
            return
        content = {"publish_id": publish.id, "publish_type": publish.kind}
        if publish.kind == INBOX:
            self._tell(publish.creator, "post.publish.inbox_delivered", content, processing_s)
            return
        self._tell(publish.creator, "post.publish.complete", content, processing_s)
        self._tell_public(publish, processing_s + moderation_s)

    async def looked_after(self, publish: Publish) -> Publish:
        """A post as it stands now; what the end of the process broke off is taken up again."""
        is_whole = publish.plan is not None and (
            self.spool.settled_size(publish.file) == publish.plan.total_bytes
        )
        if is_whole:
            await self.receive(publish)
        elif publish.status == "PROCESSING_DOWNLOAD" and not publish.is_received:
            self._pull(publish)
        return self.publishing.existing(publish.id)

    def share(self, publish_id: str) -> Publish:
        """The creator posts a draft from the inbox, for all that may be addressed.

        Raises:
            ProviderError: No such draft waits there.
        """
        publish = self.publishing.existing(publish_id)
        if publish.status != "SEND_TO_USER_INBOX":
            raise errors.invalid_publish_id()
        self.publishing.share(publish.id, Creator(publish.creator).privacy_levels[0])
        content = {"publish_id": publish.id, "publish_type": publish.kind}
        self._tell(publish.creator, "post.publish.complete", content, 0.0)
        shared = self.publishing.existing(publish_id)
        self._tell_public(shared, 0.0)
        return shared

    def cancel(self, publish: Publish) -> None:
        """Take back a post that is not published yet.

        Raises:
            ProviderError: It is published or has failed (400).
        """
        if publish.is_ended:
            raise errors.not_cancellable()
        self._drop_media(publish)
        self._fail(publish, "publish_cancelled")

    def forget(self, post_id: str) -> bool:
        """Remove a published post with its media; tell whether there was one."""
        publish = self.publishing.published(post_id)
        if publish is None:
            return False
        self._drop_media(publish)
        self.publishing.forget(publish.id)
        return True

    def revoke(self, token: str | None, client: Client) -> None:
        """End an authorization for the application that asks for it.

        Raises:
            ProviderError: Not a live token of this client.
        """
        self._removed(self.oauth.revoke(token, client), _DEVELOPER_REVOKED)

    def _removed(self, grant: Grant, reason: int = _USER_DISCONNECTED) -> None:
        if grant.person is not None:
            for publish in self.publishing.under_way(grant.person):
                self._fail(publish, "auth_removed")
            self._tell(grant.person, "authorization.removed", {"reason": reason}, 0.0)

    def _pull(self, publish: Publish) -> None:
        """Fetch the media of a post in the background; nothing while that is under way."""
        urls = publish.photos or (publish.video_url or "",)

        async def then(is_fetched: bool) -> None:
            if self.publishing.existing(publish.id).is_received:
                self._drop_media(publish)
            elif is_fetched:
                await self.receive(publish)
            else:
                self._fail(publish, "photo_pull_failed" if publish.photos else "video_pull_failed")

        self._puller.start(publish.id, dict(zip(publish.files, urls, strict=True)), then)

    def _drop_media(self, publish: Publish) -> None:
        for file in publish.files:
            self.spool.settle(file)
            self.spool.delete(file)

    def _flaw(self, publish: Publish) -> str | None:
        """Why a video or the photos cannot be published; takes time, call it in a thread."""
        if not publish.photos:
            return fail_reason(examine(self.spool.path(publish.file)))
        is_good = all(is_photo(self.spool.head(file, PHOTO_MARK_BYTES)) for file in publish.files)
        return None if is_good else "file_format_check_failed"

    def _fail(self, publish: Publish, reason: str, after_s: float = 0.0) -> None:
        self.publishing.fail(publish.id, reason, after_s)
        content = {"publish_id": publish.id, "reason": reason, "publish_type": publish.kind}
        self._tell(publish.creator, "post.publish.failed", content, after_s)

    def _tell_public(self, publish: Publish, after_s: float) -> None:
        if publish.is_public:
            content = {
                "publish_id": publish.id,
                "post_id": publish.post_id,
                "publish_type": publish.kind,
            }
            self._tell(publish.creator, "post.publish.publicly_available", content, after_s)

    def _tell(self, one: Person, event: str, content: Mapping[str, Any], after_s: float) -> None:
        self._notices.send(self.settings.get("webhook_url"), event, one, content, after_s=after_s)

    def _check_may_post(self, one: Person, status: int, kind: str = DIRECT) -> None:
        if one.is_banned:
            raise errors.banned(status)
        if kind == DIRECT and self.publishing.count_of_day(one) >= self.settings.get("posts_per_day"):
            raise errors.too_many_posts(status)
        if kind == INBOX and self.publishing.pending_shares(one) >= self.settings.get("pending_shares"):
            raise errors.too_many_shares()

    def _check_post(
        self, one: Person, post_info: Mapping[str, Any], source: Plan | str | Photos, kind: str
    ) -> None:
        wrong = flaw_of_text(post_info) if isinstance(source, Photos) else flaw_of_post(post_info)
        if wrong is not None:
            raise errors.invalid_params(wrong)
        level = post_info.get("privacy_level")
        if kind == INBOX:
            return
        if not isinstance(level, str) or not level:
            raise errors.invalid_params("The privacy level is required")
        if level not in Creator(one).privacy_levels:
            raise errors.privacy_mismatch()
        if level != "SELF_ONLY" and not self.settings.get("is_audited"):
            raise errors.unaudited()
