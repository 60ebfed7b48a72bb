"""Upload mappings: folders whose assets are fetched from elsewhere when they are first asked for.

Source: cloudinary.com/documentation/admin_api#upload_mappings and
fetch_remote_images#auto_upload_remote_files.
"""

from dataclasses import dataclass, replace

from fakes.cloudinary import errors, naming
from fakes.cloudinary.state.documents import Documents
from fakes.cloudinary.state.listing import Window
from fakes.kit.ids import Ids
from fakes.kit.store import Store

_TEMPLATE_MAX_LENGTH = 2048
_SCHEMES = ("http://", "https://", "ftp://", "s3://", "gs://")


@dataclass(frozen=True, slots=True)
class Mapping:
    """A folder and what the addresses of its assets start with."""

    folder: str
    template: str
    external_id: str


class Mappings:
    """The upload mappings of all clouds.

    Args:
        store: The fake's store.
        ids: Gives external ids.
    """

    def __init__(self, store: Store, ids: Ids) -> None:
        self._documents = Documents(store, "upload_mapping", Mapping)
        self._ids = ids

    def source(self, cloud: str, path: str) -> str | None:
        """Where to fetch an asset from that is not there, by the mapping of the nearest folder; or None.

        Args:
            cloud: Whose asset it would be.
            path: Its public id and extension, as in the URL.
        """
        folder = path.rpartition("/")[0]
        while folder:
            found = self._documents.find(cloud, folder)
            if found is not None:
                return found.template + path.removeprefix(f"{folder}/")
            folder = folder.rpartition("/")[0]
        return None

    def get(self, cloud: str, folder: str) -> Mapping:
        """The mapping of a folder.

        Raises:
            ProviderError: There is none (404).
        """
        found = self._documents.find(cloud, folder.strip("/"))
        if found is None:
            raise errors.mapping_unknown(folder)
        return found

    def page(self, cloud: str, window: Window) -> tuple[list[Mapping], str | None]:
        """Some mappings, the newest first, and the cursor of the next page."""
        return self._documents.page(cloud, window)

    def create(self, cloud: str, folder: str, template: str) -> Mapping:
        """Map a folder.

        Raises:
            ProviderError: It is mapped already (409), or a part cannot be used (400).
        """
        folder = naming.check(folder.strip("/"))
        if self._documents.find(cloud, folder) is not None:
            raise errors.mapping_exists(folder)
        return self._put(cloud, Mapping(folder, template, self._ids.uuid()))

    def update(self, cloud: str, folder: str, template: str) -> Mapping:
        """Map a folder to elsewhere.

        Raises:
            ProviderError: It is not mapped (404), or the template cannot be used (400).
        """
        return self._put(cloud, replace(self.get(cloud, folder), template=template))

    def delete(self, cloud: str, folder: str) -> Mapping:
        """Remove the mapping of a folder and return it.

        Raises:
            ProviderError: There is none (404).
        """
        before = self.get(cloud, folder)
        self._documents.delete(cloud, before.folder)
        return before

    def _put(self, cloud: str, mapping: Mapping) -> Mapping:
        if not mapping.template.startswith(_SCHEMES) or len(mapping.template) > _TEMPLATE_MAX_LENGTH:
            raise errors.invalid_parameter("template", mapping.template)
        self._documents.put(cloud, mapping.folder, mapping)
        return mapping
