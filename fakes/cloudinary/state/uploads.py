"""What is received and looked at, on its way to become an asset."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fakes.cloudinary.blobs import Blob
from fakes.cloudinary.media import Probe
from fakes.cloudinary.naming import Name
from fakes.cloudinary.state.records import Asset, Key


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received and looked at, ready to become an asset; its fields are those of `Asset`."""

    key: Key
    name: Name
    blob: Blob
    probe: Probe
    original_filename: str | None
    tags: tuple[str, ...]
    context: Mapping[str, str]
    overwrite: bool
    metadata: Mapping[str, Any] = field(default_factory=dict)
    moderation: tuple[Mapping[str, Any], ...] = ()
    access_control: tuple[Mapping[str, Any], ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def draft(self) -> Asset:
        """What it would be as an asset; it has no ids and no version yet."""
        key, blob, probe = self.key, self.blob, self.probe
        newest = self.moderation[-1] if self.moderation else {}
        return Asset(
            asset_id="",
            cloud=key.cloud,
            resource_type=key.resource_type,
            type=key.type,
            public_id=key.public_id,
            version=0,
            version_id="",
            format=probe.format,
            bytes=blob.bytes,
            width=probe.width_px,
            height=probe.height_px,
            duration=probe.duration_s,
            sha256=blob.sha256,
            etag=blob.md5,
            created_at=0.0,
            asset_folder=self.name.asset_folder,
            display_name=self.name.display_name,
            original_filename=self.original_filename,
            tags=tuple(sorted(set(self.tags))),
            context=self.context,
            metadata=self.metadata,
            moderation=self.moderation,
            moderation_kind=newest.get("kind"),
            moderation_status=newest.get("status"),
            access_control=self.access_control,
            detail=probe.detail,
            extras=self.extras,
        )
