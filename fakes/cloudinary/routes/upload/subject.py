"""What a call of the Upload API is about: the resource type in its path and the id in its parameters."""

from starlette.requests import Request

from fakes.cloudinary import errors, wire
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Key


def resource_type_of(request: Request, *, also: str = "") -> str:
    """The resource type in the path.

    Raises:
        ProviderError: There is no such type (400).
    """
    resource_type: str = request.path_params["resource_type"]
    if resource_type not in wire.RESOURCE_TYPES and resource_type != also:
        raise errors.invalid_parameter("resource_type", resource_type)
    return resource_type


def key_in(request: Request, form: Form, name: str) -> Key:
    """The asset that a parameter names.

    Raises:
        ProviderError: The parameter is missing, or the resource type does not exist (400).
    """
    public_id = form.text(name)
    if public_id is None:
        raise errors.missing_parameter(name)
    type_ = form.text("type") or "upload"
    return Key(request.path_params["cloud"], resource_type_of(request), type_, public_id)
