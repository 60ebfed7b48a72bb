"""What all handlers of the Cloudinary fake share: who asks, and the parts that they work with."""

import base64
import binascii
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from fakes.cloudinary import errors, forms, wire
from fakes.cloudinary.blobs import Blobs
from fakes.cloudinary.forms import Form
from fakes.cloudinary.notices import Notices
from fakes.cloudinary.render import Renderer
from fakes.cloudinary.state import PRODUCTION, Account, Asking, Asset, CloudinaryState, Key
from fakes.cloudinary.wire import Showing
from fakes.kit.errors import ProviderError
from fakes.kit.kit import Kit

REQUEST_FILE_LIMIT_BYTES = 104_857_600
DELIVERY_HOST = "res.cloudinary.com"

Handler = Callable[[Request, Form], Awaitable[Response]]
Rows = list[tuple[str, str, Handler]]
"""Method, path below `/v1_1/<cloud>/` and handler."""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts that handlers work with."""

    kit: Kit
    state: CloudinaryState
    blobs: Blobs
    renderer: Renderer
    notices: Notices

    @property
    def origin(self) -> str:
        """Where delivery is, for whoever is being answered."""
        return self.kit.url_at(DELIVERY_HOST)

    def reads_form(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A Starlette handler that hands over the request's parameters; a file nobody kept is removed."""

        async def handle(request: Request) -> Response:
            form = Form()
            try:
                form = await forms.read(request, self.blobs, file_limit_bytes=REQUEST_FILE_LIMIT_BYTES)
                return await handler(request, form)
            except ClientDisconnect:
                return Response(status_code=499)
            except ProviderError as error:
                error.code = None  # delivery's errors have no body, the APIs' always have one
                if error.violation is None and request.path_params.get("cloud") == PRODUCTION.cloud:
                    path = request.url.path
                    error.violation = f"cloudinary: production's API was called: '{path}'"
                raise
            finally:
                form.drop()

        return handle

    def signer(
        self, request: Request, form: Form, *, tolerated: tuple[str, ...] = (), now_s: float | None = None
    ) -> Account:
        """Who sent a call of the Upload API: by signature, or by Basic credentials.

        Args:
            request: The call.
            form: Its parameters.
            tolerated: Those that need not be signed.
            now_s: When its timestamp is looked at; the fake's present unless said otherwise.

        Raises:
            ProviderError: Nobody that may (400, 401).
        """
        if request.headers.get("authorization"):
            return self.admin(request)
        now_s = self.kit.clock.now() if now_s is None else now_s
        cloud = request.path_params["cloud"]
        return self.state.accounts.signed(cloud, form.texts(), now_s, tolerated=tolerated)

    def admin(self, request: Request) -> Account:
        """Who sent a call of the Admin API, by Basic credentials or an OAuth token.

        Raises:
            ProviderError: Nobody that may (401).
        """
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        cloud = request.path_params["cloud"]
        if scheme.lower() == "bearer":
            return self.state.accounts.with_token(cloud, value.strip())
        try:
            api_key, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise errors.not_authorized() from error
        if scheme.lower() != "basic" or not api_key:
            raise errors.not_authorized()
        return self.state.accounts.with_secret(cloud, api_key, secret)

    @contextlib.asynccontextmanager
    async def file_of(self, asset: Asset, sha256: str | None = None) -> AsyncIterator[Path]:
        """The file of an asset, or of what was derived from it.

        Raises:
            ProviderError: It was deleted since the asset was found, or is while it is read (404).
        """
        try:
            async with self.blobs.local(sha256 or asset.sha256) as path:
                yield path
        except FileNotFoundError as error:
            raise errors.not_found(asset.public_id) from error

    def showing(self, account: Account) -> Showing:
        """For whom answers are shown."""
        fields = self.state.metadata.fields.ids(account.cloud)
        return Showing(self.origin, self.state.accounts.cloud(account.cloud), fields)

    def completed(self, asset: Asset, form: Form, changes: dict[str, Any]) -> dict[str, Any]:
        """What a call changes of an asset, with what has to be asked: structured metadata and a unique name.

        Raises:
            ProviderError: The metadata cannot be (400).
        """
        changes = dict(changes)
        text, clears = form.text("metadata") or "", form.flag("clear_invalid")
        if text or clears:
            of_change = self.state.metadata.of_change
            changes["metadata"] = of_change(asset.cloud, asset.metadata, text, clear_invalid=clears)
        name = changes.get("display_name", asset.display_name)
        if form.flag("unique_display_name") and name != asset.display_name:
            folder = changes.get("asset_folder", asset.asset_folder)
            changes["display_name"] = self.state.unique_display_name(asset.cloud, folder, name)
        return changes

    def asking(self, account: Account) -> Asking:
        """Who searches, where and when."""
        cloud = self.state.accounts.cloud(account.cloud)
        is_fixed = cloud.folder_mode == "fixed"
        return Asking(cloud.name, self.kit.clock.now(), is_fixed, cloud.search_lag_s)

    def found_assets(self, account: Account, form: Form) -> dict[str, Any]:
        """Search assets, and say what was found.

        Raises:
            ProviderError: The expression or another parameter cannot be used (400).
        """
        query, aggregates = wire.search_query(form), wire.aggregates(form)
        found = self.state.search.assets(query, self.asking(account), aggregates)
        return wire.found_body(found, self.showing(account), account.api_key, form)


def key_of(request: Request, account: Account, public_id: str) -> Key:
    """The name of an asset, by the resource type in the path and the type there or in the query.

    Raises:
        ProviderError: There is no such resource type, or no such type (400).
    """
    resource_type = request.path_params["resource_type"]
    if resource_type not in wire.RESOURCE_TYPES:
        raise errors.invalid_parameter("resource_type", resource_type)
    type_ = request.path_params.get("type") or request.query_params.get("type") or "upload"
    if type_ not in wire.ALL_TYPES:
        raise errors.invalid_parameter("type", type_)
    return Key(account.cloud, resource_type, type_, public_id)


def qualified(account: Account, path: str) -> Key | None:
    """The asset that `image/upload/some/id` names; None when it is not of that form."""
    pieces = path.split("/", 2)
    if len(pieces) < 3 or pieces[0] not in wire.RESOURCE_TYPES:
        return None
    return Key(account.cloud, pieces[0], pieces[1], pieces[2])
