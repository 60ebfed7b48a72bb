"""What Cloudinary answers when it refuses, one function per error.

Source: cloudinary.com/documentation/image_upload_api_reference and admin_api, and answers recorded in public
issue threads. The text is in the body and in the header `X-Cld-Error`.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from fakes.kit.errors import ProviderError

DELIVERY = "delivery"


def header_text(message: str) -> str:
    """The message as a header value: one line of ASCII, bounded."""
    return "".join(char if " " <= char <= "~" else "?" for char in message)[:1000].strip()


def _refused(status: int, message: str, *, violation: str | None = None) -> ProviderError:
    headers = {"X-Cld-Error": header_text(message)}
    return ProviderError(status, message, headers=headers, violation=violation)


def _not_delivered(status: int, message: str, *, violation: str | None = None) -> ProviderError:
    headers = {"X-Cld-Error": header_text(message)}
    return ProviderError(status, message, code=DELIVERY, headers=headers, violation=violation)


def missing_parameter(name: str) -> ProviderError:
    """A parameter that must be there is not."""
    return _refused(400, f"Missing required parameter - {name}")


def invalid_parameter(name: str, value: str) -> ProviderError:
    """A parameter's value cannot be used."""
    return _refused(
        400, f"Invalid value for parameter {name}: {value[:100]}"
    )  # guess: the form for other names


def illegal_value(name: str, value: str) -> ProviderError:
    """A value that the Admin API does not know."""
    # guess: all but "Illegal value", which the official SDKs' tests expect
    return _refused(400, f"Illegal value {value[:100]} for {name}")


def invalid_cursor() -> ProviderError:
    """`next_cursor` is not one that was handed out."""
    return _refused(400, "Invalid value for parameter next_cursor")


def invalid_request(reason: str) -> ProviderError:
    """The body cannot be read."""
    return _refused(400, f"Invalid request - {reason}")  # guess: no recorded wording


def request_timed_out() -> ProviderError:
    """The sender has stopped sending."""
    return _refused(408, "Request Timeout")  # guess: no recorded wording


def not_emulated(what: str) -> ProviderError:
    """Something that Cloudinary has and this fake does not: a gap must be loud."""
    return _refused(501, f"fake 'cloudinary' does not cover {what}")


def addon_refused(message: str) -> ProviderError:
    """An add-on that does not exist, in the words of its parameter."""
    return _refused(400, message)


def script_failed(parameter: str, reason: str) -> ProviderError:
    """The JavaScript of a parameter cannot be run."""
    return _refused(400, f"Error in {parameter}: {reason[:200]}")  # guess: wording


def busy() -> ProviderError:
    """There is more to do than is taken on."""
    return _refused(420, "Rate Limit Exceeded")  # guess: wording beyond the first words


def download_expired() -> ProviderError:
    """A signed address that was good until a moment that is over."""
    return _refused(401, "Signed URL has expired")  # guess: wording


def nothing_to_archive() -> ProviderError:
    """No asset fits what an archive is asked for."""
    return _refused(404, "No resources were found to archive")  # guess: wording


def archive_too_large(most: int) -> ProviderError:
    """An archive of too many files."""
    return _refused(400, f"Too many files to archive. Maximum is {most}.")  # guess: wording


def delete_token_refused(*, violation: str | None = None) -> ProviderError:
    """A delete token that does not exist, was used, or is older than ten minutes."""
    return _refused(400, "Invalid token", violation=violation)  # guess: wording


def preset_required() -> ProviderError:
    """An upload with neither a signature nor a preset."""
    return _refused(400, "Upload preset must be specified when using unsigned upload")


def preset_not_found() -> ProviderError:
    """No upload preset has this name."""
    return _refused(400, "Upload preset not found")


def preset_unknown(name: str) -> ProviderError:
    """No upload preset has this name, on the Admin API."""
    return _refused(404, f"Can't find upload preset named {name}")


def preset_not_unsigned() -> ProviderError:
    """An upload without a signature names a preset that needs one."""
    return _refused(400, "Upload preset must be whitelisted for unsigned uploads")


def not_allowed_unsigned(name: str, allowed: Iterable[str]) -> ProviderError:
    """A parameter that only signed uploads may have."""
    shown = name.replace("_", " ").capitalize()
    return _refused(
        400,
        f"{shown} parameter is not allowed when using unsigned upload."
        f" Only {','.join(allowed)} upload parameters are allowed.",
    )


def stale_request(timestamp_s: int) -> ProviderError:
    """The signature is older than an hour."""
    at = datetime.fromtimestamp(timestamp_s, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
    return _refused(400, f"Stale request - reported time is {at} which is more than 1 hour ago")


def invalid_signature(signature: str, text: str) -> ProviderError:
    """The signature does not fit the parameters and the key's secret."""
    return _refused(401, f"Invalid Signature {signature}. String to sign - '{text}'.")


def invalid_cloud(cloud: str, *, violation: str | None = None) -> ProviderError:
    """No cloud has this name."""
    return _refused(401, f"Invalid cloud_name {cloud}", violation=violation)


def unknown_key(api_key: str, violation: str | None = None) -> ProviderError:
    """No key like this exists."""
    return _refused(401, f"Unknown API key {api_key}", violation=violation)


def unknown_admin_key(_api_key: str, violation: str | None = None) -> ProviderError:
    """No key like this exists, in the Admin API's words."""
    return _refused(401, "unknown api_key", violation=violation)


def cloud_mismatch(*, violation: str | None = None) -> ProviderError:
    """The key belongs to another cloud."""
    return _refused(401, "cloud_name mismatch", violation=violation)


def secret_mismatch(*, violation: str | None = None) -> ProviderError:
    """The Admin API's password is wrong."""
    return _refused(401, "api_secret mismatch", violation=violation)


def invalid_token() -> ProviderError:
    """An OAuth token that this cloud did not give."""
    return _refused(401, "Invalid token")


def not_authorized() -> ProviderError:
    """A request to the Admin API without credentials."""
    error = _refused(401, "Unknown API key ")
    error.headers["WWW-Authenticate"] = 'Basic realm="Cloudinary"'
    return error


def folder_refused(path: str, violation: str) -> ProviderError:
    """The key may not write there."""
    # guess: wording; the status is what restricted keys get
    return _refused(403, f"You are not authorized to access {path}", violation=violation)


def invalid_public_id(public_id: str) -> ProviderError:
    """The public id holds characters that are not allowed, or too many."""
    return _refused(400, f"public_id ({public_id[:100]}) is invalid")  # guess: wording


def empty_file() -> ProviderError:
    """A file of zero bytes."""
    return _refused(400, "Empty file")


def file_too_large(size_bytes: int, limit_bytes: int) -> ProviderError:
    """More bytes than the plan or one request may have."""
    return _refused(400, f"File size too large. Got {size_bytes}. Maximum is {limit_bytes}.")


def invalid_image() -> ProviderError:
    """The bytes are no image."""
    return _refused(400, "Invalid image file")


def too_many_pixels(pixels: int, limit_px: int) -> ProviderError:
    """An image with more pixels than the plan allows."""
    # guess: wording
    asked, limit = pixels / 1e6, limit_px // 1_000_000
    return _refused(400, f"Maximum image size is {limit} Megapixels. Requested {asked:.2f} Megapixels")


def too_many_pixels_in_all(pixels: int, limit_px: int) -> ProviderError:
    """An animation or document whose frames or pages have more pixels than the plan allows."""
    # guess: wording
    asked, limit = pixels / 1e6, limit_px // 1_000_000
    return _refused(
        400,
        f"Maximum total number of pixels in all frames/pages is {limit} Megapixels."
        f" Requested {asked:.2f} Megapixels",
    )


def invalid_page(page: int) -> ProviderError:
    """An image has no such page."""
    return _refused(400, f"Invalid page number: {page}")  # guess: wording


def no_subscription(add_on: str) -> ProviderError:
    """Something that needs an add-on, of which no cloud here has any."""
    return _refused(420, f"You don't have an active subscription for {add_on}")


def unsupported_font(family: str) -> ProviderError:
    """A text in a font that is not there."""
    return _refused(400, f"Unsupported font family {family}")


def invalid_video() -> ProviderError:
    """The bytes are neither video nor audio."""
    return _refused(400, "Unsupported video format or file")


def format_not_allowed(resource_type: str, format_name: str) -> ProviderError:
    """`allowed_formats` does not name this format."""
    return _refused(400, f"{resource_type.capitalize()} file format {format_name} not allowed")


def part_too_small() -> ProviderError:
    """A part of a chunked upload, not the last, has less than 5 MB."""
    return _refused(400, "All parts except EOF-chunk must be larger than 5mb")


def invalid_content_range(value: str) -> ProviderError:
    """The Content-Range of a part is not understood or does not fit its bytes."""
    return _refused(400, f"Invalid Content-Range header: {value[:100]}")  # guess: wording


def loading_failed(url: str, reason: str) -> ProviderError:
    """A remote file could not be fetched."""
    return _refused(400, f"Error in loading {url} - {reason}")


def unsupported_source(url: str) -> ProviderError:
    """The text in `file` is neither a URL nor a data URI."""
    return _refused(400, f"Unsupported source URL: {url[:200]}")  # guess: wording


def rate_limited(limit: int, until_s: float) -> ProviderError:
    """More calls of the Admin API in this hour than the plan allows."""
    until = datetime.fromtimestamp(until_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return _refused(
        420, f"Rate Limit Exceeded. Limit of {limit} api operations reached. Try again on {until}"
    )


def not_found(public_id: str) -> ProviderError:
    """No asset has this id."""
    return _refused(404, f"Resource not found - {public_id}")


def folder_not_found(path: str) -> ProviderError:
    """No folder has this path."""
    return _refused(404, f"Can't find folder with path {path}")


def folder_not_empty() -> ProviderError:
    """Only empty folders can be deleted."""
    return _refused(400, "Folder is not empty")  # guess: wording


def source_folder_not_found() -> ProviderError:
    """There is no folder to be moved."""
    return _refused(400, "Cannot find source folder")


def folder_exists(path: str) -> ProviderError:
    """A folder cannot be moved to where another one is."""
    return _refused(409, f"Folder with path {path} already exists")  # guess: wording


def folder_into_itself(path: str) -> ProviderError:
    """A folder cannot be moved below itself."""
    return _refused(400, f"Cannot move folder {path} into itself")  # guess: wording


def general_error() -> ProviderError:
    """What was asked for takes too much."""
    return _refused(500, "General Error")


def already_exists(public_id: str) -> ProviderError:
    """A rename onto an asset that exists, without overwrite."""
    return _refused(400, f"to_public_id {public_id} already exists")


def query_error(position: int) -> ProviderError:
    """A search expression that cannot be parsed."""
    return _refused(400, f"Query Error (at position {position})")


def metadata_unknown(external_ids: Sequence[str]) -> ProviderError:
    """Metadata of fields that do not exist."""
    return _refused(400, f"Metadata External IDs do not exist: {json.dumps(external_ids)}")


def metadata_invalid(value: str, field: str) -> ProviderError:
    """A value that does not fit its metadata field."""
    return _refused(400, f"'{value[:100]}' is not valid for field '{field}'")


def metadata_missing(external_ids: Sequence[str]) -> ProviderError:
    """Mandatory metadata that has no value."""
    return _refused(400, f"Mandatory metadata is missing: {json.dumps(external_ids)}")  # guess: wording


def metadata_field_exists(external_id: str) -> ProviderError:
    """A metadata field has this id, or had it before it was deleted."""
    return _refused(400, f"external id {external_id} already exists")


def metadata_field_unknown(external_id: str) -> ProviderError:
    """No metadata field has this id."""
    return _refused(404, f"Metadata field {external_id} not found")  # guess: wording


def metadata_default_invalid() -> ProviderError:
    """A field's default value does not fit the field."""
    return _refused(400, "default_value is invalid")


def metadata_field_refused(name: str) -> ProviderError:
    """A part of a metadata field or rule cannot be used."""
    return _refused(400, f"{name} is invalid")  # guess: as for default values


def datasource_unknown(external_ids: Sequence[str]) -> ProviderError:
    """No entries of a datasource have these ids."""
    # guess: as for fields
    return _refused(400, f"Datasource External IDs do not exist: {json.dumps(external_ids)}")


def metadata_rule_unknown(external_id: str) -> ProviderError:
    """No metadata rule has this id."""
    return _refused(404, f"Metadata rule {external_id} not found")  # guess: wording


def profile_unknown(name: str) -> ProviderError:
    """No streaming profile has this name."""
    return _refused(404, f"Can't find streaming profile {name[:200]}")  # guess: as for presets


def profile_exists(name: str) -> ProviderError:
    """A streaming profile of this name exists."""
    return _refused(409, f"Streaming profile {name} already exists")  # guess: wording


def mapping_unknown(folder: str) -> ProviderError:
    """A folder has no upload mapping."""
    return _refused(404, f"Can't find upload mapping {folder[:200]}")  # guess: as for presets


def mapping_exists(folder: str) -> ProviderError:
    """A folder has an upload mapping already."""
    return _refused(409, f"Upload mapping {folder} already exists")  # guess: wording


def trigger_unknown(trigger_id: str) -> ProviderError:
    """No trigger has this id."""
    return _refused(404, f"Can't find trigger {trigger_id[:200]}")  # guess: as for presets


def trigger_exists(uri: str, event_type: str) -> ProviderError:
    """There is a trigger for this address and event."""
    return _refused(409, f"Trigger for {event_type} to {uri[:200]} already exists")  # guess: wording


def too_many_triggers(limit: int) -> ProviderError:
    """A cloud has as many notification addresses as it may have."""
    return _refused(400, f"Maximum of {limit} notification URLs reached")  # guess: wording


def transformation_unknown(name: str) -> ProviderError:
    """No transformation has this name or text, on the Admin API."""
    return _refused(404, f"Can't find transformation {name[:200]}")  # guess: as for presets


def transformation_exists(name: str) -> ProviderError:
    """A transformation of this name exists."""
    return _refused(409, f"Transformation {name[:200]} already exists")  # guess: wording


def transformation_in_use(name: str, limit: int) -> ProviderError:
    """More was derived by a transformation than can be deleted with it."""
    # guess: wording
    return _refused(400, f"Transformation {name[:200]} has more than {limit} derived resources")


def on_api(error: ProviderError) -> ProviderError:
    """The same refusal in the form of the APIs: with a body, which delivery leaves out."""
    return _refused(error.status, error.message, violation=error.violation)


def transformation_refused(message: str) -> ProviderError:
    """A transformation that is not understood or cannot be done; on delivery, with an empty body."""
    return _not_delivered(400, message)


def video_too_large() -> ProviderError:
    """A video that takes too long while a request waits."""
    return transformation_refused(
        "Video is too large to process synchronously, please use an eager transformation with"
        " eager_async=true to resolve"
    )


def still_pending(public_id: str) -> ProviderError:
    """A derived asset that is being made behind an earlier answer."""
    return _not_delivered(423, f"Resource {public_id} is pending")  # guess: but for the last two words


def delivery_not_found(public_id: str) -> ProviderError:
    """No asset has this id, type and resource type; on delivery."""
    return _not_delivered(404, f"Resource not found - {public_id}")


def not_loaded(message: str) -> ProviderError:
    """A file that delivery should have fetched could not be loaded."""
    return _not_delivered(404, message)  # guess: the status


def delivery_denied(*, violation: str | None = None) -> ProviderError:
    """A signature is wrong or missing, or the asset is not for everybody."""
    return _not_delivered(401, "deny or ACL failure", violation=violation)


def not_allowed_strict(transformation: str) -> ProviderError:
    """A new derived asset without a signature, where transformations are strict."""
    return _not_delivered(401, f"Transformation {transformation} is not allowed")


def delivery_cloud_unknown(cloud: str) -> ProviderError:
    """Delivery from a cloud that does not exist."""
    return _not_delivered(401, f"Invalid cloud_name {cloud}")  # guess: as on the API


def bytes_unavailable(endpoint: str, reason: str) -> ProviderError:
    """The bucket that holds the bytes does not answer, or not as it should: trouble of this stack."""
    return _refused(503, f"the blob store at {endpoint} cannot be used: {reason}")
