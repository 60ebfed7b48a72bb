"""Files that are not taken: their size, their bytes, where they come from."""

from fakes.cloudinary.errors.answers import refused
from fakes.kit.errors import ProviderError


def empty_file() -> ProviderError:
    """A file of zero bytes."""
    return refused(400, "Empty file")


def file_too_large(size_bytes: int, limit_bytes: int) -> ProviderError:
    """More bytes than the plan or one request may have."""
    return refused(400, f"File size too large. Got {size_bytes}. Maximum is {limit_bytes}.")


def invalid_image() -> ProviderError:
    """The bytes are no image."""
    return refused(400, "Invalid image file")


def too_many_pixels(pixels: int, limit_px: int) -> ProviderError:
    """An image with more pixels than the plan allows."""
    # guess: wording
    asked, limit = pixels / 1e6, limit_px // 1_000_000
    return refused(400, f"Maximum image size is {limit} Megapixels. Requested {asked:.2f} Megapixels")


def too_many_pixels_in_all(pixels: int, limit_px: int) -> ProviderError:
    """An animation or document whose frames or pages have more pixels than the plan allows."""
    # guess: wording
    asked, limit = pixels / 1e6, limit_px // 1_000_000
    return refused(
        400,
        f"Maximum total number of pixels in all frames/pages is {limit} Megapixels."
        f" Requested {asked:.2f} Megapixels",
    )


def invalid_page(page: int) -> ProviderError:
    """An image has no such page."""
    return refused(400, f"Invalid page number: {page}")  # guess: wording


def invalid_video() -> ProviderError:
    """The bytes are neither video nor audio."""
    return refused(400, "Unsupported video format or file")


def unsupported_font(family: str) -> ProviderError:
    """A text in a font that is not there."""
    return refused(400, f"Unsupported font family {family}")


def format_not_allowed(resource_type: str, format_name: str) -> ProviderError:
    """`allowed_formats` does not name this format."""
    return refused(400, f"{resource_type.capitalize()} file format {format_name} not allowed")


def part_too_small() -> ProviderError:
    """A part of a chunked upload, not the last, has less than 5 MB."""
    return refused(400, "All parts except EOF-chunk must be larger than 5mb")


def invalid_content_range(value: str) -> ProviderError:
    """The Content-Range of a part is not understood or does not fit its bytes."""
    return refused(400, f"Invalid Content-Range header: {value[:100]}")  # guess: wording


def loading_failed(url: str, reason: str) -> ProviderError:
    """A remote file could not be fetched."""
    return refused(400, f"Error in loading {url} - {reason}")


def unsupported_source(url: str) -> ProviderError:
    """The text in `file` is neither a URL nor a data URI."""
    return refused(400, f"Unsupported source URL: {url[:200]}")  # guess: wording
