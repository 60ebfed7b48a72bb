"""One upload: who sends it, what is asked, and the file."""

from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.naming import Name
from fakes.cloudinary.routes.service import Service
from fakes.cloudinary.routes.upload.subject import resource_type_of
from fakes.cloudinary.state import Account
from fakes.cloudinary.state.presets import SETTINGS, applied
from fakes.cloudinary.wire import UploadOptions

UNSIGNED = (
    "upload_preset",
    "callback",
    "public_id",
    "folder",
    "asset_folder",
    "tags",
    "context",
    "metadata",
    "face_coordinates",
    "custom_coordinates",
    "source",
    "filename_override",
    "manifest_transformation",
    "manifest_json",
    "template",
    "template_vars",
    "regions",
    "public_id_prefix",
)
"""What an upload without a signature may say, in the order of the error that names them."""


@dataclass(slots=True)
class Submission:
    """One upload.

    Attributes:
        resource_type: As in the path; `auto` to find out.
        form: Its parameters with those of the preset, and the file.
        is_signed: Whether somebody with a secret sent it.
        name: The asset's name, once it is decided.
    """

    account: Account
    resource_type: str
    form: Form
    options: UploadOptions
    is_signed: bool
    name: Name | None = None

    @property
    def likely_type(self) -> str:
        """The resource type, as it is told before anybody has looked at the file."""
        return "image" if self.resource_type == "auto" else self.resource_type


def submission(
    service: Service, request: Request, form: Form, types: Collection[str] = wire.TYPES
) -> Submission:
    """Read an upload, after its signature or its preset was checked.

    Args:
        service: The parts that handlers work with.
        request: The call.
        form: Its parameters.
        types: The delivery types that it may name.

    Raises:
        ProviderError: Nobody that may (400, 401), or a parameter cannot be used (400, 420, 501).
    """
    resource_type = resource_type_of(request, also="auto")
    is_signed = _is_signed(request, form)
    account = service.signer(request, form) if is_signed else _unsigned(service, request, form)
    _apply_preset(service, account, form, is_signed=is_signed)
    options = wire.upload_options(form, types)
    service.notices.check(options.hooks)
    return Submission(account, resource_type, form, options, is_signed)


def _is_signed(request: Request, form: Form) -> bool:
    if request.headers.get("authorization") or form.text("signature"):
        return True
    return form.text("api_key") is not None and form.text("upload_preset") is None


def _unsigned(service: Service, request: Request, form: Form) -> Account:
    cloud = request.path_params["cloud"]
    account = service.state.accounts.of_cloud(cloud)
    if account is None:
        raise errors.invalid_cloud(cloud)
    if form.text("upload_preset") is None:
        raise errors.preset_required()
    for name in sorted(form.params):
        if name in SETTINGS and name not in UNSIGNED:
            raise errors.not_allowed_unsigned(name, UNSIGNED)
    return account


def _apply_preset(service: Service, account: Account, form: Form, *, is_signed: bool) -> None:
    name = form.text("upload_preset")
    if name is None:
        return
    preset = service.state.presets.find(account.cloud, name)
    if preset is None:
        raise errors.preset_not_found()
    if not is_signed and not preset.is_unsigned:
        raise errors.preset_not_unsigned()
    form.params = applied(preset, form.params, is_signed=is_signed)
