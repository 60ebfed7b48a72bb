"""Upload API: `explicit`, which changes an asset that is there, or fetches one that is elsewhere."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.naming import Name
from fakes.cloudinary.routes.service import Rows, Service
from fakes.cloudinary.routes.upload import looks
from fakes.cloudinary.routes.upload.answers import Answers
from fakes.cloudinary.routes.upload.intake import Intake
from fakes.cloudinary.routes.upload.remote import RemoteFiles
from fakes.cloudinary.routes.upload.subject import key_in
from fakes.cloudinary.routes.upload.submission import Submission, submission
from fakes.cloudinary.state import Asset, Key, Outcome, check_may_change, check_may_write
from fakes.kit.errors import ProviderError


class ExplicitApi:
    """Changes assets without their bytes."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state
        self._answers = Answers(service)
        self._intake = Intake(service)
        self._remote = RemoteFiles(service)

    def rows(self) -> Rows:
        """Its routes below the cloud."""
        return [("POST", "{resource_type}/explicit", self.explicit)]

    async def explicit(self, request: Request, form: Form) -> Response:
        """Change an asset that is there, and make its eager transformations."""
        key = key_in(request, form, "public_id")
        asked = submission(self._service, request, form, wire.ALL_TYPES)
        if asked.options.eval is not None:
            raise errors.not_emulated("the parameter 'eval' of 'explicit'")
        self._check_may_write(asked, key)
        if not asked.options.is_async:
            return JSONResponse(await self._change(asked, key))
        hooks, batch_id = self._service.notices.batched(asked.options.hooks)
        asked.options = replace(asked.options, hooks=hooks)
        self._state.background.start(self._change_later(asked, key))
        return JSONResponse(wire.pending_body(key, batch_id))

    async def _change_later(self, asked: Submission, key: Key) -> None:
        try:
            await self._change(asked, key)
        except ProviderError as error:
            self._service.notices.tell_error(asked.account, error, key.public_id, asked.options.hooks)

    async def _change(self, asked: Submission, key: Key) -> dict[str, Any]:
        asset = await self._asset(asked, key)
        check_may_change(asked.account, asset, asset_folder=asked.options.naming.asset_folder)
        found: Mapping[str, Any] = {}
        if asked.options.looks:
            async with self._service.file_of(asset) as path:
                found = await looks.seen(path, asset.resource_type, asked.options)
        fields = self._fields(asked, asset, found)
        after = self._state.assets.change(asset, **fields) if fields else asset
        body = await self._answers.of_upload(asked, Outcome(after), "explicit")
        self._service.notices.tell_changes(asked.account, [(asset, after)], asked.options.hooks)
        return body

    def _check_may_write(self, asked: Submission, key: Key) -> None:
        """Refuse what is outside before the answer, whether it is there or not."""
        asset, folder = self._state.assets.find(key), asked.options.naming.asset_folder
        if asset is None:
            check_may_write(asked.account, key.public_id, folder)
        else:
            check_may_change(asked.account, asset, asset_folder=folder)

    def _fields(self, asked: Submission, asset: Asset, found: Mapping[str, Any]) -> dict[str, Any]:
        options = asked.options
        fields = self._service.completed(asset, asked.form, wire.changed_fields(asked.form, asset))
        if options.moderation:
            others = (one for one in asset.moderation if one["kind"] not in options.moderation)
            fields["moderation"] = (*others, *options.moderated(self._service.kit.clock.now()))
        if found:
            fields["detail"] = {**asset.detail, **found}
        return fields

    async def _asset(self, asked: Submission, key: Key) -> Asset:
        """The asset; of type `fetch` it is fetched when it is not there yet."""
        asset = self._state.assets.find(key)
        if asset is not None or key.type != "fetch":
            return asset or self._state.assets.get(key)
        form = Form(dict(asked.form.params))
        fetched = replace(asked, resource_type=key.resource_type, form=form)
        fetched.name = Name(key.public_id, "", key.public_id.rpartition("/")[2])
        try:
            await self._remote.fetch(form, key.public_id)
            if form.file is None:
                raise errors.not_found(key.public_id)
            outcome = await self._intake.store(fetched, form.file, form.filename)
        finally:
            form.drop()
        return outcome.asset
