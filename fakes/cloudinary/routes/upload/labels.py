"""Upload API: tags, context and structured metadata of many assets at once."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, pairs, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload.subject import resource_type_of
from fakes.cloudinary.state import Account, Asset, Key, Window, check_may_change, check_may_write
from fakes.cloudinary.state.accounts import TOLERATED_UNSIGNED

_MOST = 1000
"""How many assets one call may change."""


class LabelsApi:
    """Labels assets."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [
            ("POST", "{resource_type}/tags", self.tags),
            ("POST", "{resource_type}/context", self.context),
            ("POST", "{resource_type}/metadata", self.metadata),
        ]

    async def tags(self, request: Request, form: Form) -> Response:
        """Add, remove or replace a tag of many assets; unknown ids are left out of the answer."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        command = form.text("command") or ""
        named = set(wire.parse_tags(form, "tag"))
        is_exclusive = command == "set_exclusive"
        change = wire.TAG_COMMANDS.get("add" if is_exclusive else command)
        if change is None:
            raise errors.invalid_parameter("command", command)
        if command != "remove_all" and not named:
            raise errors.missing_parameter("tag")
        assets = self._named_assets(request, form, account)
        edits = [(asset, {"tags": change(set(asset.tags), named)}) for asset in assets]
        for _, fields in edits:
            wire.check_tags(fields["tags"])
        if is_exclusive:
            edits += self._elsewhere(request, account, named, {asset.asset_id for asset in assets})
        self._edit(account, form, edits)
        return JSONResponse({"public_ids": [asset.public_id for asset in assets]})

    async def context(self, request: Request, form: Form) -> Response:
        """Add to or remove the context of many assets."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        command = form.text("command") or ""
        if command not in ("add", "remove_all"):
            raise errors.invalid_parameter("command", command)
        added = pairs.read(form.text("context") or "", "context")
        assets = self._named_assets(request, form, account)
        edits = [
            (asset, {"context": {**asset.context, **added} if command == "add" else {}}) for asset in assets
        ]
        self._edit(account, form, edits)
        return JSONResponse({"public_ids": [asset.public_id for asset in assets]})

    async def metadata(self, request: Request, form: Form) -> Response:
        """Set structured metadata of many assets; all values are checked before any is stored."""
        account = self._service.signer(request, form, tolerated=TOLERATED_UNSIGNED)
        text = form.text("metadata")
        if text is None:
            raise errors.missing_parameter("metadata")
        assets = self._named_assets(request, form, account)
        of_change, clears = self._state.metadata.of_change, form.flag("clear_invalid")
        edits = [
            (asset, {"metadata": of_change(asset.cloud, asset.metadata, text, clear_invalid=clears)})
            for asset in assets
        ]
        self._edit(account, form, edits)
        return JSONResponse({"public_ids": [asset.public_id for asset in assets]})

    def _named_assets(self, request: Request, form: Form, account: Account) -> list[Asset]:
        """The assets of `public_ids` that exist, all of which the account may write."""
        key = Key(account.cloud, resource_type_of(request), form.text("type") or "upload", "")
        public_ids = dict.fromkeys(form.many("public_ids"))
        if not public_ids:
            raise errors.missing_parameter("public_ids")
        if len(public_ids) > _MOST:
            raise errors.invalid_parameter("public_ids", f"more than {_MOST}")
        found = []
        for public_id in public_ids:
            asset = self._state.assets.find(replace(key, public_id=public_id))
            if asset is None:
                check_may_write(account, public_id)
            else:
                check_may_change(account, asset)
                found.append(asset)
        return found

    def _elsewhere(
        self, request: Request, account: Account, tags: set[str], kept: set[str]
    ) -> list[tuple[Asset, dict[str, Any]]]:
        """What takes tags away from all other assets that have them, up to a limit."""
        resource_type = resource_type_of(request)
        found: dict[str, Asset] = {}
        for tag in sorted(tags):
            page = self._state.listing.tagged(account.cloud, resource_type, tag, Window(_MOST))
            found |= {asset.asset_id: asset for asset in page.assets if asset.asset_id not in kept}
        for asset in found.values():
            check_may_change(account, asset)
        return [(asset, {"tags": set(asset.tags) - tags}) for asset in found.values()]

    def _edit(self, account: Account, form: Form, edits: list[tuple[Asset, dict[str, Any]]]) -> None:
        """Change assets, and tell of it."""
        hooks = wire.hooks(form)
        self._service.notices.check(hooks)
        changes = [(asset, self._state.assets.change(asset, **fields)) for asset, fields in edits]
        self._service.notices.tell_changes(account, changes, hooks)
