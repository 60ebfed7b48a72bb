"""Makes a file that has arrived an asset: looked at, named and stored."""

import asyncio
from dataclasses import replace

from fakes.cloudinary import errors, media, naming, wire
from fakes.cloudinary.blobs import Incoming
from fakes.cloudinary.naming import Name
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.state import Account, Key, Outcome, Upload, check_may_write
from fakes.cloudinary.wire import UploadOptions

LIMIT_BYTES = {
    "image": wire.IMAGE_LIMIT_BYTES,
    "video": wire.VIDEO_LIMIT_BYTES,
    "raw": wire.VIDEO_LIMIT_BYTES,
}


class Intake:
    """Takes files in."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._state = service.state

    async def store(
        self,
        account: Account,
        resource_type: str,
        options: UploadOptions,
        sent: tuple[Incoming, str | None],
        name: Name | None = None,
    ) -> Outcome:
        """Look at a file that is on disk whole and make it an asset."""
        incoming, filename = sent
        blob = incoming.finish()
        if blob.bytes == 0:
            raise errors.empty_file()
        probe = await asyncio.to_thread(media.probe, incoming.path, resource_type, filename)
        if blob.bytes > LIMIT_BYTES[probe.resource_type]:
            raise errors.file_too_large(blob.bytes, LIMIT_BYTES[probe.resource_type])
        found_format = probe.format or naming.extension(filename)
        if options.allowed_formats and found_format not in options.allowed_formats:
            raise errors.format_not_allowed(probe.resource_type, found_format)

        key = Key(account.cloud, probe.resource_type, options.type, "")
        name = name or self.name(key, options, filename)
        check_may_write(account, name.public_id, name.asset_folder)
        upload = Upload(
            key=replace(key, public_id=name.public_id),
            name=name,
            blob=blob,
            probe=probe,
            original_filename=naming.base_name(options.naming.filename_override or filename),
            tags=options.tags,
            context=options.context,
            overwrite=options.overwrite,
        )
        async with self._state.stored.kept(incoming, blob):
            outcome = self._state.assets.store(upload)
            if self._state.accounts.cloud(account.cloud).is_backed_up and not outcome.is_existing:
                self._state.backups.save(outcome.asset)
            return outcome

    def name(self, key: Key, options: UploadOptions, filename: str | None) -> Name:
        """The name that the options ask for; a random one that is not taken."""
        while True:
            name = naming.choose(options.naming, filename, key.resource_type, self._service.kit.ids.text)
            is_free = self._state.assets.find(replace(key, public_id=name.public_id)) is None
            if is_free or not naming.is_random(options.naming, filename):
                return name
