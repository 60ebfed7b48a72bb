"""Delivery of what is elsewhere: fetched when it is first asked for, and an asset from then on.

Source: cloudinary.com/documentation/fetch_remote_images (fetch, and auto-upload by mapped folders).
"""

from dataclasses import replace

from fakes.cloudinary import errors, wire
from fakes.cloudinary.address import Address, Place
from fakes.cloudinary.forms import Form
from fakes.cloudinary.naming import Name
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload.intake import Intake
from fakes.cloudinary.routes.upload.remote import RemoteFiles
from fakes.cloudinary.routes.upload.submission import Submission
from fakes.cloudinary.state import Account
from fakes.cloudinary.transformation import LayerSource
from fakes.kit.errors import ProviderError

_FETCH = "fetch"


class Elsewhere:
    """Brings assets in."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._remote = RemoteFiles(service)
        self._intake = Intake(service)

    async def bring(self, account: Account, place: Place, where: Address) -> bool:
        """Fetch the asset of an address; False when the address does not say where it is.

        Args:
            account: A key of the cloud.
            place: Its resource type and type.
            where: Its name; of type `fetch` that is where it is.

        Raises:
            ProviderError: It cannot be loaded (404), is no such asset (400), or may not be stored (403).
        """
        source = self._source(account, place, where)
        if source is None:
            return False
        form = Form({"overwrite": "0"})
        options = replace(wire.upload_options(form), type=place.type)
        asked = Submission(account, place.resource_type, form, options, is_signed=True)
        asked.name = _name(place, where)
        try:
            await self._load(form, source)
            if form.file is None:
                return False
            await self._intake.store(asked, form.file, form.filename)
        finally:
            form.drop()
        return True

    async def bring_layer(self, cloud: str, layer: LayerSource) -> None:
        """Fetch what a layer names by its address (`l_fetch:`).

        Raises:
            ProviderError: It cannot be loaded or is no such asset (400), or may not be stored (403).
        """
        account = self._service.state.accounts.of_cloud(cloud)
        if account is None or layer.url is None:
            return
        place = Place(cloud, layer.resource_type, layer.type, "")
        try:
            await self.bring(account, place, Address(None, (), layer.url, None, ""))
        except ProviderError as error:
            if error.status == 404:
                raise errors.transformation_refused(error.message) from error
            raise

    def _source(self, account: Account, place: Place, where: Address) -> str | None:
        if place.type == _FETCH:
            return where.source
        if place.type != "upload":
            return None
        return self._service.state.mappings.source(account.cloud, where.source)

    async def _load(self, form: Form, source: str) -> None:
        try:
            await self._remote.fetch(form, source)
        except ProviderError as error:
            raise errors.not_loaded(error.message) from error


def _name(place: Place, where: Address) -> Name:
    if place.type == _FETCH:
        return Name(where.source, "", where.source.rpartition("/")[2])
    stem, dot, _ = where.source.rpartition(".")
    public_id = stem if dot and place.resource_type != "raw" else where.source
    folder, _, name = public_id.rpartition("/")
    return Name(public_id, folder, name)
