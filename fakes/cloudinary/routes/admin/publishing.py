"""Admin API: assets made public: published, or given another access mode."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import Account, Asset, Key, Window, check_may_write
from fakes.kit.errors import ProviderError

_AT_ONCE = 1000
_PUBLISHABLE = ("private", "authenticated")
_ACCESS_MODES = ("public", "authenticated")


class PublishingApi:
    """Says who may see assets."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("POST", "resources/{resource_type}/publish_resources", self.publish),
            ("POST", "resources/{resource_type}/{type}/update_access_mode", self.update_access_mode),
        ]

    async def publish(self, request: Request, form: Form) -> Response:
        """Give private and authenticated assets the type `upload`; those of another type are left out."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        asked = form.text("type")
        types = _PUBLISHABLE if asked is None else tuple({asked} & set(_PUBLISHABLE))
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        selected = self._selected(account, resource_type, types, form)
        for asset in selected:
            self._state.check_may_store(account, _public(asset), asset.asset_folder)
        published, failed = self._publish(selected, overwrite=form.flag("overwrite"))
        if published:
            told = {"resources": [wire.notified(asset) for asset in published]}  # guess: the fields
            self._service.notices.tell(account, "publish", told, hooks)
        showing = self._service.showing(account)
        bodies = [wire.listed(asset, showing, Form()) for asset in published]
        return JSONResponse({"published": bodies, "failed": failed})

    def _publish(
        self, selected: Iterable[Asset], *, overwrite: bool
    ) -> tuple[list[Asset], list[dict[str, Any]]]:
        """Give assets the type `upload`; returns those that have it now, and what is told of the others."""
        published, failed = [], []
        for asset in selected:
            try:
                published.append(self._state.assets.rename(asset.key, _public(asset), overwrite=overwrite))
            except ProviderError as error:
                failed.append({"public_id": asset.public_id, "error": {"message": error.message}})
        return published, failed

    async def update_access_mode(self, request: Request, form: Form) -> Response:
        """Let everybody see assets, or only those with a token."""
        account = self._service.admin(request)
        key = key_of(request, account, "")
        mode = form.text("access_mode")
        if mode is None:
            raise errors.missing_parameter("access_mode")
        if mode not in _ACCESS_MODES:
            raise errors.invalid_parameter("access_mode", mode)
        showing = self._service.showing(account)
        updated: list[dict[str, Any]] = []
        for asset in self._selected(account, key.resource_type, (key.type,), form):
            changed = self._state.assets.change(asset, extras={**asset.extras, "access_mode": mode})
            updated.append(wire.listed(changed, showing, Form()) | {"access_mode": mode})
        return JSONResponse({"updated": updated, "failed": []})

    def _selected(
        self, account: Account, resource_type: str, types: Iterable[str], form: Form
    ) -> list[Asset]:
        """The assets of some types that `public_ids`, `prefix` or `tag` name, all of which may be changed."""
        types = tuple(types)
        listing, window = self._state.listing, Window(_AT_ONCE)
        public_ids, prefix, tag = form.many("public_ids"), form.text("prefix"), form.text("tag")
        if public_ids:
            keys = (
                replace(key, public_id=one)
                for one in wire.some_ids(form, "public_ids")
                for key in _keys(account, resource_type, types)
            )
            found = [asset for key in keys if (asset := self._state.assets.find(key)) is not None]
        elif prefix is not None:
            pages = [
                listing.with_prefix(account.cloud, resource_type, type_, prefix, window) for type_ in types
            ]
            found = [asset for page in pages for asset in page.assets]
        elif tag is not None:
            page = listing.tagged(account.cloud, resource_type, tag, window)
            found = [asset for asset in page.assets if asset.type in types]
        else:
            raise errors.missing_parameter("public_ids")
        for asset in found:
            check_may_write(account, asset.public_id, asset.asset_folder)
        return found


def _public(asset: Asset) -> Key:
    return replace(asset.key, type="upload")


def _keys(account: Account, resource_type: str, types: Iterable[str]) -> list[Key]:
    return [Key(account.cloud, resource_type, type_, "") for type_ in types]
