"""Makes a file that has arrived an asset: looked at, made into another, named and stored."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fakes.cloudinary import errors, media, naming, scripts, wire
from fakes.cloudinary.blobs import Blob, Incoming
from fakes.cloudinary.media import Probe
from fakes.cloudinary.naming import Name
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload import looks
from fakes.cloudinary.routes.upload.submission import Submission
from fakes.cloudinary.state import Key, Outcome, Upload
from fakes.cloudinary.wire import Conversion, UploadOptions

LIMIT_BYTES = {
    "image": wire.IMAGE_LIMIT_BYTES,
    "video": wire.VIDEO_LIMIT_BYTES,
    "raw": wire.VIDEO_LIMIT_BYTES,
}

_HIDDEN = frozenset(
    ("asset_id", "version", "version_id", "signature", "created_at", "api_key", "url", "secure_url")
)
"""What `eval` does not see of the answer, because it is not known before the file is stored."""


class Intake:
    """Takes files in."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    async def store(self, submission: Submission, incoming: Incoming, filename: str | None) -> Outcome:
        """Look at a file that is on disk whole and make it an asset.

        Raises:
            ProviderError: It is not what it was sent as, too large, or named where the account may not write.
        """
        blob = incoming.finish()
        if blob.bytes == 0:
            raise errors.empty_file()
        probe = await self._probed(submission.resource_type, incoming, filename)
        _check_size(blob, probe.resource_type)
        if submission.options.eval is not None:
            await self._evaluate(submission, self._draft(submission, (blob, probe), filename), incoming)
        _check_format(submission.options, probe, filename)
        upload = self._draft(submission, (blob, probe), filename)
        self._state.check_may_store(submission.account, upload.key, upload.name.asset_folder)
        conversion = submission.options.conversion
        if conversion is None or probe.resource_type == "raw":
            return await self._keep(submission, upload, incoming)
        made = self._service.blobs.incoming()
        try:
            upload = await self._converted(upload, conversion, (incoming, made))
            return await self._keep(submission, upload, made)
        finally:
            made.drop()

    async def _probed(self, resource_type: str, incoming: Incoming, filename: str | None) -> Probe:
        """What a file is; one that is too large for its kind is not looked at for long."""
        if resource_type == "raw":
            return media.probe(incoming.path, resource_type, filename)
        if resource_type != "auto":
            _check_size(incoming.finish(), resource_type)
        return await asyncio.to_thread(media.probe, incoming.path, resource_type, filename)

    def name(self, key: Key, options: UploadOptions, filename: str | None) -> Name:
        """The name that the options ask for; a random one that is not taken."""
        is_fixed = self._state.accounts.cloud(key.cloud).folder_mode == "fixed"
        while True:
            name = naming.choose(
                options.naming, filename, key.resource_type, self._service.kit.ids.text, is_fixed=is_fixed
            )
            is_free = self._state.assets.find(replace(key, public_id=name.public_id)) is None
            if is_free or not naming.is_random(options.naming, filename):
                break
        if not options.naming.unique_display_name:
            return name
        shown = self._state.unique_display_name(key.cloud, name.asset_folder, name.display_name)
        return replace(name, display_name=shown)

    def _draft(self, submission: Submission, found: tuple[Blob, Probe], filename: str | None) -> Upload:
        blob, probe = found
        options, account = submission.options, submission.account
        key = Key(account.cloud, probe.resource_type, options.type, "")
        name = submission.name or self.name(key, options, filename)
        upload = Upload(
            key=replace(key, public_id=name.public_id),
            name=name,
            blob=blob,
            probe=probe,
            original_filename=_original_filename(options, filename),
            tags=(),
            context={},
            overwrite=options.overwrite,
        )
        return self._labelled(upload, options)

    def _labelled(self, upload: Upload, options: UploadOptions) -> Upload:
        return replace(
            upload,
            tags=options.tags,
            context=options.context,
            metadata=self._state.metadata.of_upload(upload.key.cloud, options.metadata),
            moderation=options.moderated(self._service.kit.clock.now()),
            access_control=options.access_control,
            extras={**upload.extras, **_within(options.extras, upload.probe)},
        )

    async def _converted(
        self, upload: Upload, conversion: Conversion, files: tuple[Incoming, Incoming]
    ) -> Upload:
        """The same upload of another file: transformed, or in another format."""
        source, made = files
        draft = upload.draft
        renderer = self._service.renderer
        format_name = await renderer.rework(
            draft, source.path, conversion.transformation, conversion.format, made
        )
        blob = await asyncio.to_thread(made.read_back)
        probe = await asyncio.to_thread(
            media.probe, made.path, upload.probe.resource_type, f"a.{format_name}"
        )
        extras = dict(upload.extras)
        if upload.probe.format != probe.format:
            extras["original_extension"] = upload.probe.format
        return replace(upload, blob=blob, probe=probe, extras=extras)

    async def _evaluate(self, submission: Submission, upload: Upload, incoming: Incoming) -> None:
        """Let `eval` change the options, before anything is done; names that are decided stay."""
        code = submission.options.eval or ""
        found = await looks.seen(incoming.path, upload.key.resource_type, submission.options)
        cloud = self._state.accounts.cloud(upload.key.cloud)
        body = wire.asset_body(upload.draft, self._service.origin, cloud, secret="", api_key="")
        info = {name: value for name, value in body.items() if name not in _HIDDEN} | found
        form = submission.form
        form.params = await scripts.evaluated(code, info, form.params)
        submission.options = wire.upload_options(form)
        self._service.notices.check(submission.options.hooks)

    async def _keep(self, submission: Submission, upload: Upload, incoming: Incoming) -> Outcome:
        found = await looks.seen(incoming.path, upload.key.resource_type, submission.options)
        upload.probe.detail.update(found)
        async with self._state.stored.kept(incoming, upload.blob):
            outcome = self._state.assets.store(upload)
            is_backed_up = self._state.accounts.cloud(upload.key.cloud).is_backed_up
            if (is_backed_up or submission.form.flag("backup")) and not outcome.is_existing:
                self._state.backups.save(outcome.asset)
            return outcome


def _check_size(blob: Blob, resource_type: str) -> None:
    if blob.bytes > LIMIT_BYTES[resource_type]:
        raise errors.file_too_large(blob.bytes, LIMIT_BYTES[resource_type])


def _check_format(options: UploadOptions, probe: Probe, filename: str | None) -> None:
    """`allowed_formats` is asked about what will be stored."""
    found = probe.format or naming.extension(filename)
    if options.conversion is not None and options.conversion.format is not None:
        found = options.conversion.format
    if options.allowed_formats and found not in options.allowed_formats:
        raise errors.format_not_allowed(probe.resource_type, found)


def _original_filename(options: UploadOptions, filename: str | None) -> str | None:
    if not options.keeps_filename:
        return None
    return naming.base_name(options.naming.filename_override or filename)


def _within(extras: Mapping[str, Any], probe: Probe) -> dict[str, Any]:
    """Coordinates no wider or higher than the picture itself."""
    limited = dict(extras)
    if probe.width_px and probe.height_px:
        for name in ("face_coordinates", "custom_coordinates"):
            if name in limited:
                limited[name] = [
                    [x, y, min(width, probe.width_px), min(height, probe.height_px)]
                    for x, y, width, height in limited[name]
                ]
    return limited
