"""Refusals of delivery, which have an empty body."""

from fakes.cloudinary.errors.answers import not_delivered
from fakes.kit.errors import ProviderError


def transformation_refused(message: str) -> ProviderError:
    """A transformation that is not understood or cannot be done; on delivery, with an empty body."""
    return not_delivered(400, message)


def video_too_large() -> ProviderError:
    """A video that takes too long while a request waits."""
    return transformation_refused(
        "Video is too large to process synchronously, please use an eager transformation with"
        " eager_async=true to resolve"
    )


def still_pending(public_id: str) -> ProviderError:
    """A derived asset that is being made behind an earlier answer."""
    return not_delivered(423, f"Resource {public_id} is pending")  # guess: but for the last two words


def delivery_not_found(public_id: str) -> ProviderError:
    """No asset has this id, type and resource type; on delivery."""
    return not_delivered(404, f"Resource not found - {public_id}")


def not_loaded(message: str) -> ProviderError:
    """A file that delivery should have fetched could not be loaded."""
    return not_delivered(404, message)  # guess: the status


def delivery_denied(*, violation: str | None = None) -> ProviderError:
    """A signature is wrong or missing, or the asset is not for everybody."""
    return not_delivered(401, "deny or ACL failure", violation=violation)


def not_allowed_strict(transformation: str) -> ProviderError:
    """A new derived asset without a signature, where transformations are strict."""
    return not_delivered(401, f"Transformation {transformation} is not allowed")


def delivery_cloud_unknown(cloud: str) -> ProviderError:
    """Delivery from a cloud that does not exist."""
    return not_delivered(401, f"Invalid cloud_name {cloud}")  # guess: as on the API
