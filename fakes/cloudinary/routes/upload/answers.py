"""What an upload is answered with: the asset, what was made of it, and the notifications that tell of it."""

from typing import Any

from fakes.cloudinary import wire
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.state import Account, Asset, Outcome
from fakes.cloudinary.wire import UploadOptions
from fakes.kit.errors import ProviderError


class Answers:
    """Answers of `upload`, `explicit` and `rename`."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def of_upload(self, account: Account, options: UploadOptions, outcome: Outcome) -> dict[str, Any]:
        """The asset, its eager transformations, and the notifications that tell of them."""
        body = self.of_asset(account, outcome.asset)
        if outcome.is_existing:
            return body | {"existing": True}
        if outcome.is_overwritten:
            body["overwritten"] = True
        if options.eager:
            body["eager"] = await self._eager(outcome.asset, options)
        told = {name: value for name, value in body.items() if name != "api_key"}
        self._service.notify(options.notification_urls, account, "upload", told)
        if options.eager:
            made = {"eager": body["eager"], "asset_id": outcome.asset.asset_id}
            made["public_id"] = outcome.asset.public_id
            self._service.notify(options.eager_notification_urls, account, "eager", made)
        return body

    def of_asset(self, account: Account, asset: Asset) -> dict[str, Any]:
        """The asset alone."""
        secret = account.api_secret or ""
        return wire.asset_body(asset, self._service.kit.url, secret=secret, api_key=account.api_key)

    async def _eager(self, asset: Asset, options: UploadOptions) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for eager in options.eager:
            try:
                derived = await self._service.renderer.derive(asset, eager.transformation, eager.format)
            except ProviderError as error:
                failed = {"transformation": eager.text, "status": "failed", "reason": error.message}
                made.append(failed)
                continue
            made.append(wire.derived_body(asset, derived, self._service.kit.url))
        return made
