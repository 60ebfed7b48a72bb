"""What Google remembers: authorizations, quota, upload sessions and videos."""

from collections.abc import Mapping
from typing import Any

from fakes.google import errors
from fakes.google.refusals import ON_COMMAND
from fakes.google.state import metadata, quota, uploads, videos
from fakes.google.state.profile import API_KEY, MAY_UPLOAD, PROFILE, is_foreign_key
from fakes.google.state.quota import Quota
from fakes.google.state.uploads import Received, Upload, Uploads
from fakes.google.state.videos import Video, Videos
from fakes.google.wire import oauth as wire
from fakes.kit.documents import check_fields
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit
from fakes.kit.oauth import SCHEMA, Engine, Grant, Issued, SigningKey
from fakes.kit.people import Person
from fakes.kit.refusals import Refusals
from fakes.kit.spool import Spool

BODY_TIMEOUT_S = 20.0
_FIELDS = ("oauth", "quota", "videos", *videos.SETTINGS)


class GoogleState:
    """All of it, in the kit's store; media lies in files beside the store.

    Attributes:
        body_timeout_s: How long the next bytes of an announced body may take, in real seconds: some clients
            announce a chunk and send nothing.
    """

    def __init__(self, kit: Kit) -> None:
        store = kit.open_store(SCHEMA + quota.SCHEMA + uploads.SCHEMA + videos.SCHEMA)
        folder = kit.settings.state_dir
        self.kit = kit
        self.oauth = Engine(PROFILE, kit, identify=self.id_token)
        self.key = SigningKey(folder / "google-signing-key.pem" if folder else None)
        self.spool = Spool(folder / "google-media" if folder else None)
        self.quota = Quota(store, kit.clock)
        self.uploads = Uploads(store, kit.clock, kit.ids, self.spool)
        self.videos = Videos(store, kit.clock, kit.ids)
        self.refusals = Refusals(ON_COMMAND)
        self.body_timeout_s = BODY_TIMEOUT_S

    def populate(self) -> None:
        """Write the clients and the limits."""
        self.oauth.populate()
        self.quota.populate()

    def load(self, document: Mapping[str, Any]) -> None:
        """Read `oauth`, `quota`, `videos` and the settings of videos of a seed document.

        Raises:
            ValueError: A field is not usable.
        """
        check_fields(document, _FIELDS)
        self.oauth.load(document)
        self.quota.load(document)
        self.videos.load(document)

    def summary(self) -> dict[str, Any]:
        """Counts for the control surface."""
        open_uploads = {"open_uploads": self.uploads.count_open()}
        return self.videos.summary() | open_uploads | {"quota": self.quota.summary()} | self.oauth.summary()

    def reset(self) -> None:
        """Drop all media."""
        self.spool.clear()

    def close(self) -> None:
        """Remove temporary media."""
        self.spool.close()

    def id_token(self, issued: Issued, code: str | None = None) -> str:
        """The signed id_token that goes with an access token, and with a code when both come at once."""
        return self.key.sign(wire.claims(issued, self.kit.url_at, self.kit.clock.now(), code))

    def account(self, token: str | None) -> Grant:
        """Whose user information a token may read.

        Raises:
            ProviderError: Not a live token (401 in the words of the user information endpoint).
        """
        try:
            grant = self.oauth.bearer(token)
        except ProviderError as error:
            raise errors.invalid_credentials() from error
        if grant.person is None:
            raise errors.invalid_credentials()
        return grant

    def caller(self, token: str | None, scopes: tuple[str, ...], units: int) -> Person:
        """Who calls the YouTube API; the call is paid for.

        Raises:
            ProviderError: Not a live token, not the scope, or no quota left.
        """
        grant = self.oauth.bearer(token, *scopes)
        if grant.person is None:
            raise errors.auth_error()
        self.refusals.strike()
        self.quota.spend("units", units)
        return grant.person

    def check_key(self, key: str, units: int) -> None:
        """Let an API key read what is public; the call is paid for.

        Raises:
            ProviderError: Not the project's key (400), or no quota left.
        """
        if key != API_KEY:
            raise errors.key_invalid("an API key that is not staging's" if is_foreign_key(key) else None)
        self.refusals.strike()
        self.quota.spend("units", units)

    def uploader(self, token: str | None) -> Person:
        """Who uploads a video; the insert is paid for.

        Raises:
            ProviderError: Not a live token, not the scope, no quota, no channel, a suspended account, or the
                channel's uploads of a day.
        """
        grant = self.oauth.bearer(token, *MAY_UPLOAD)
        self.refusals.strike()
        self.quota.spend_insert()
        if grant.person is None or not grant.person.has_channel:
            raise errors.signup_required()
        if grant.person.is_banned:
            raise errors.suspended()
        self.videos.check_cap(grant.person)
        return grant.person

    def publish(self, upload: Upload, received: Received) -> Video:
        """Make a video of a complete upload; the same one when it was made before."""
        with self.kit.store.transaction():
            known = self.uploads.session(upload.id).video_id
            if known is not None:
                return self.videos.existing(known)
            announced = upload.announced
            video = self.videos.publish(announced.owner, announced.parts, received, announced.idempotency_key)
            self.uploads.finish(upload, video.id)
            return video

    def keep_thumbnail(self, video: Video, image: bytes) -> None:
        """Store the image that the owner set."""
        name = video.id + (".png" if image.startswith(b"\x89") else ".jpg")
        self.spool.delete(name)
        self.spool.append(name, image)
        self.videos.set_thumbnail(video.id, name)

    def update_video(self, resource: Mapping[str, Any], names: tuple[str, ...], one: Person) -> Video:
        """Write parts of a video anew.

        Raises:
            ProviderError: No id, not there, another's, or a part breaks a rule.
        """
        video = self.videos.owned(str(resource.get("id") or ""), one, "body.id")
        self.videos.rewrite(video.id, metadata.updated(video.parts, resource, names, self.kit.clock.now()))
        return self.videos.existing(video.id)

    def delete_video(self, video_id: str, one: Person) -> None:
        """Forget a video and its files.

        Raises:
            ProviderError: Not there (404), or another's (403).
        """
        self._remove(self.videos.owned(video_id, one))

    def forget(self, video_id: str) -> bool:
        """Remove a video with its files, whoever owns it; tell whether there was one."""
        try:
            self._remove(self.videos.existing(video_id))
        except ProviderError:
            return False
        return True

    def _remove(self, video: Video) -> None:
        for name in filter(None, (video.file, video.thumbnail)):
            self.spool.delete(name)
        self.videos.delete(video.id)
