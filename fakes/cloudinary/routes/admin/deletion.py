"""Admin API: assets and derived assets, deleted by every selector."""

import re
from collections.abc import Iterable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service, key_of
from fakes.cloudinary.state import Account, Asset, Key, Page, Window, check_may_change, check_may_write

_AT_ONCE = 1000
_FORMAT = re.compile("[a-z0-9]{2,5}")


class DeletionApi:
    """Deletes assets of a cloud: all that were named, or none."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud; the first that fits answers."""
        return [
            ("DELETE", "resources", self.by_asset_ids),
            ("DELETE", "resources/{resource_type}/tags/{tag:path}", self.tagged),
            ("DELETE", "resources/{resource_type}/{type}", self.of_kind),
            ("DELETE", "derived_resources", self.derived),
        ]

    async def by_asset_ids(self, request: Request, form: Form) -> Response:
        """Delete assets by their asset ids."""
        account = self._service.admin(request)
        ids = wire.some_ids(form, "asset_ids")
        found = {one: self._state.assets.find_by_id(account.cloud, one) for one in ids}
        return self._deleted(account, found, form)

    async def tagged(self, request: Request, form: Form) -> Response:
        """Delete assets with a tag."""
        account = self._service.admin(request)
        resource_type = key_of(request, account, "").resource_type
        window = Window(_AT_ONCE, form.text("next_cursor"))
        page = self._state.listing.tagged(account.cloud, resource_type, request.path_params["tag"], window)
        return self._deleted_page(account, page, form)

    async def of_kind(self, request: Request, form: Form) -> Response:
        """Delete assets by ids, by prefix, or all of one kind."""
        account = self._service.admin(request)
        key = key_of(request, account, "")
        if form.many("public_ids"):
            names = wire.some_ids(form, "public_ids")
            found = {one: self._state.assets.find(replace(key, public_id=one)) for one in names}
            return self._deleted(account, found, form, is_named=True)
        page = self._page(account, key, form)
        return self._deleted_page(account, page, form)

    async def derived(self, request: Request, form: Form) -> Response:
        """Delete derived assets by their ids."""
        account = self._service.admin(request)
        ids = wire.some_ids(form, "derived_resource_ids")
        for one in ids:
            asset = self._state.assets.of_derived(account.cloud, one)
            if asset is not None:
                check_may_change(account, asset)
        gone = {one: self._state.assets.delete_derived(account.cloud, one) for one in ids}
        words = {one: "deleted" if is_gone else "not_found" for one, is_gone in gone.items()}
        counts = {one: {"original": 0, "derived": int(is_gone)} for one, is_gone in gone.items()}
        return JSONResponse({"deleted": words, "deleted_counts": counts, "partial": False})

    def _page(self, account: Account, key: Key, form: Form) -> Page:
        window = Window(_AT_ONCE, form.text("next_cursor"))
        prefix = form.text("prefix")
        if prefix is not None:
            if account.folder is None or prefix.rstrip("/") != account.folder:
                check_may_write(account, prefix)
            return self._state.listing.with_prefix(key.cloud, key.resource_type, key.type, prefix, window)
        if form.flag("all"):
            return self._state.listing.newest(key.cloud, key.resource_type, key.type, window)
        raise errors.missing_parameter("public_ids")

    def _deleted_page(self, account: Account, page: Page, form: Form) -> Response:
        found = {asset.public_id: asset for asset in page.assets}
        return self._deleted(account, found, form, next_cursor=page.next_cursor)

    def _deleted(
        self,
        account: Account,
        found: dict[str, Asset] | dict[str, Asset | None],
        form: Form,
        *,
        is_named: bool = False,
        next_cursor: str | None = None,
    ) -> Response:
        """Delete what was found, all or nothing, and tell those who asked to be told.

        Args:
            account: Whose key it is.
            found: The assets by what the answer calls them; None for those that are not there.
            form: The parameters.
            is_named: They are called by public ids, which must be inside even of assets that are not there.
            next_cursor: Where the rest begins, if there is more.
        """
        assets = [asset for asset in found.values() if asset is not None]
        for name, asset in found.items():
            if asset is not None:
                check_may_write(account, asset.public_id, asset.asset_folder)
            elif is_named:
                check_may_write(account, name)
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        counts = {name: None if asset is None else self._delete(asset, form) for name, asset in found.items()}
        gone = [wire.notified(asset) for asset in assets if not _keeps_original(form)]
        if gone:
            self._service.notices.tell(account, "delete", {"resources": gone}, hooks)
        body = wire.deleted_body(counts)
        if next_cursor:
            body |= {"partial": True, "next_cursor": next_cursor}
        return JSONResponse(body)

    def _delete(self, asset: Asset, form: Form) -> tuple[int, int]:
        """How many originals and derived assets were deleted."""
        named = tuple(_named_derived(form.text("transformations") or ""))
        if named or _keeps_original(form):
            return (0, self._state.assets.drop_derived(asset.asset_id, named))
        return (1, self._state.assets.delete(asset.key) or 0)


def _keeps_original(form: Form) -> bool:
    """Whether only derived assets go: asked for, or meant by naming their transformations."""
    return form.flag("keep_original") or form.text("transformations") is not None


def _named_derived(text: str) -> Iterable[tuple[str, str | None]]:
    """Read `c_scale,w_100|c_scale,w_200/jpg`: transformations, in one format or in all."""
    for one in filter(None, (piece.strip().rstrip("/") for piece in text.split("|"))):
        head, _, tail = one.rpartition("/")
        yield (head, tail) if head and _FORMAT.fullmatch(tail) else (one, None)
