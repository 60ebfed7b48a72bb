"""`w_auto:breakpoints[_<min>_<max>[_<kilobytes>[_<images>]]]:json`: widths that an image is worth having in.

Source: cloudinary.com/documentation/responsive_server_side_client_hints (automatic image width using optimal
responsive breakpoints), and `CloudinaryResource` of the official Python SDK, which asks for it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from fakes.cloudinary import errors
from fakes.cloudinary.wire import Breakpoints

_PIECE = re.compile(r"w_auto:breakpoints((?:_\d{1,5}){0,4}):json")
_MOST_IMAGES = 50


def wanted(components: Sequence[str]) -> Breakpoints | None:
    """What the last component asks for, of what the others make; None when it is something else.

    Raises:
        ProviderError: The numbers cannot be (400).
    """
    pieces = components[-1].split(",") if components else []
    match = next((found for piece in pieces if (found := _PIECE.fullmatch(piece))), None)
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split("_") if number]
    least, most, kilobytes, images = [*numbers, *(50, 1000, 20, 20)[len(numbers) :]]
    if not 0 < least <= most or not kilobytes or not 0 < images <= _MOST_IMAGES:
        raise errors.transformation_refused(f"Invalid width in transformation: {match[0].removeprefix('w_')}")
    asked = replace(Breakpoints(), transformation="/".join(components[:-1]), is_kept=False)
    return replace(asked, least_px=least, most_px=most, step_bytes=kilobytes * 1024, most_images=images)
