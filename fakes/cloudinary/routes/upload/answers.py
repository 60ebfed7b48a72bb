"""What an upload is answered with: the asset, what was made of it, and the notifications that tell of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fakes.cloudinary import scripts, transformation, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload import looks
from fakes.cloudinary.routes.upload.breakpoints import BreakpointFinder
from fakes.cloudinary.routes.upload.submission import Submission
from fakes.cloudinary.state import Account, Asset, Outcome, check_may_change
from fakes.cloudinary.wire import Eager, Hooks
from fakes.kit.errors import ProviderError


class Answers:
    """Answers of `upload`, `explicit` and `rename`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._breakpoints = BreakpointFinder(service)

    async def of_upload(self, asked: Submission, outcome: Outcome, kind: str = "upload") -> dict[str, Any]:
        """The asset, what was made of it, and the notifications that tell of both.

        Args:
            asked: The call.
            outcome: What became of it.
            kind: Type of the notification.
        """
        account, options = asked.account, asked.options
        asset = outcome.asset
        body = self.of_asset(account, asset, is_signed=asked.is_signed)
        if outcome.is_existing:
            return body | {"existing": True}
        if outcome.is_overwritten:
            body["overwritten"] = True
        body |= looks.shown(asset, options)
        if options.breakpoints:
            body["responsive_breakpoints"] = await self._breakpoints.find(asset, options.breakpoints)
        if options.eager:
            body |= await self._eager(asked, asset)
        if options.on_success is not None:
            asset = await self._succeeded(account, asset, options.on_success, body)
            body |= self.of_asset(account, asset, is_signed=asked.is_signed)
        told = {name: value for name, value in body.items() if name != "api_key"}
        self._service.notices.tell(account, kind, told, options.hooks)
        self._service.notices.tell_changes(account, [(outcome.asset, asset)], options.hooks)
        if options.eager and not options.is_eager_async:
            self._tell_eager(asked, asset, body["eager"], options.hooks)
        if options.returns_delete_token:
            body["delete_token"] = self._state.delete_tokens.issue(account.cloud, asset.asset_id)
        return body

    def of_asset(self, account: Account, asset: Asset, *, is_signed: bool = True) -> dict[str, Any]:
        """The asset alone; who uploads unsigned is told no key."""
        secret = account.api_secret or ""
        cloud = self._state.accounts.cloud(account.cloud)
        body = wire.asset_body(asset, self._service.origin, cloud, secret=secret, api_key=account.api_key)
        if not is_signed:
            del body["api_key"]
        return body

    async def _eager(self, asked: Submission, asset: Asset) -> dict[str, Any]:
        """What eager transformations made, or, when they are made behind the answer, what they will be."""
        options = asked.options
        if not options.is_eager_async:
            return {"eager": await self._make(asked.account, asset, options.eager)}
        batch_id = options.hooks.batch_id or self._service.kit.ids.hex(64)
        self._state.background.start(self._make_later(asked, asset, batch_id))
        waiting = [self._waiting(asked.account, asset, one) | {"batch_id": batch_id} for one in options.eager]
        return {"eager": waiting, "batch_id": batch_id}

    def _waiting(self, account: Account, asset: Asset, eager: Eager) -> dict[str, Any]:
        """What is said of an eager transformation before it is made."""
        try:
            read = self._service.renderer.read(asset.cloud, transformation.split(eager.transformation))
        except ProviderError as error:
            return {"transformation": eager.text, "status": "failed", "reason": error.message}
        origin, secret = self._service.origin, account.api_secret or ""
        return wire.waiting_body(asset, read.text, eager.format, origin, secret=secret)

    async def _make_later(self, asked: Submission, asset: Asset, batch_id: str) -> None:
        made = await self._make(asked.account, asset, asked.options.eager, is_patient=True)
        self._tell_eager(asked, asset, made, replace(asked.options.hooks, batch_id=batch_id))

    async def _make(
        self, account: Account, asset: Asset, eager: Sequence[Eager], *, is_patient: bool = False
    ) -> list[dict[str, Any]]:
        # One after the other: derived assets are listed in the order in which they were made.
        return [await self._make_one(account, asset, one, is_patient=is_patient) for one in eager]

    async def _make_one(
        self, account: Account, asset: Asset, eager: Eager, *, is_patient: bool
    ) -> dict[str, Any]:
        text, wanted = eager.transformation, eager.format
        try:
            derived = await self._service.renderer.derive(asset, text, wanted, is_patient=is_patient)
        except ProviderError as error:
            return {"transformation": eager.text, "status": "failed", "reason": error.message}
        return wire.derived_body(asset, derived, self._service.origin, secret=account.api_secret or "")

    def _tell_eager(self, asked: Submission, asset: Asset, made: list[dict[str, Any]], hooks: Hooks) -> None:
        identity = {"asset_id": asset.asset_id, "public_id": asset.public_id}
        told = {"eager": made, **identity, "api_key": asked.account.api_key}
        self._service.notices.tell(asked.account, "eager", told, hooks)

    async def _succeeded(self, account: Account, asset: Asset, code: str, body: dict[str, Any]) -> Asset:
        """Do what `on_success` asks for."""
        for params in await scripts.updates(code, body):
            fields = wire.changed_fields(Form(params), asset)
            check_may_change(account, asset, asset_folder=fields.get("asset_folder"))
            asset = self._state.assets.change(asset, **fields) if fields else asset
        return asset
