"""Changes that a call makes to an asset that is there, as `explicit` and `on_success` name them.

Source: cloudinary.com/documentation/image_upload_api_reference#explicit and admin_api#update.
"""

from typing import Any

from fakes.cloudinary import naming, pairs
from fakes.cloudinary.forms import Form
from fakes.cloudinary.state import Asset
from fakes.cloudinary.wire.options import parse_access_control, parse_extras
from fakes.cloudinary.wire.parameters import parse_tags


def changed_fields(form: Form, asset: Asset) -> dict[str, Any]:
    """The fields of an asset that a call names, with their new values; structured metadata is not among them.

    Raises:
        ProviderError: A value cannot be used (400).
    """
    fields: dict[str, Any] = {}
    if form.text("tags") is not None:
        fields["tags"] = parse_tags(form)
    if form.text("context") is not None:
        fields["context"] = {**asset.context, **pairs.read(form.text("context") or "", "context")}
    if form.text("asset_folder") is not None:
        fields["asset_folder"] = naming.check_folder(form.text("asset_folder") or "")
    if form.text("display_name") is not None:
        fields["display_name"] = form.text("display_name")
    if form.text("access_control") is not None:
        fields["access_control"] = parse_access_control(form.text("access_control"))
    extras = parse_extras(form)
    if extras:
        fields["extras"] = {**asset.extras, **extras}
    return fields
