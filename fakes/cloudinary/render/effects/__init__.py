"""The effects (`e_...`) on images, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fakes.cloudinary.errors import no_subscription, not_emulated, transformation_refused
from fakes.cloudinary.render.effects import outlines, recoloring, textures, tones
from fakes.cloudinary.render.effects.arguments import Arguments, Effect, Qualifiers

if TYPE_CHECKING:
    from PIL.Image import Image

EFFECTS: Mapping[str, Effect] = {
    **tones.EFFECTS,
    **recoloring.EFFECTS,
    **textures.EFFECTS,
    **outlines.EFFECTS,
}
# Effects of Cloudinary that need a trained model, a 3D scene or filters whose recipe is not published.
BEYOND = frozenset(
    {
        "art",
        "auto_enhance",
        "background_removal",
        "camera",
        "drop_shadow",
        "enhance",
        "extract",
        "gen_background_replace",
        "gen_fill",
        "gen_recolor",
        "gen_remove",
        "gen_replace",
        "gen_restore",
        "light",
        "style_transfer",
        "swap_image",
        "theme",
        "upscale",
        "vectorize",
        "zoompan",
    }
)
ADD_ONS: Mapping[str, str] = {
    "adv_redeye": "Advanced Facial Attributes Detection",
    "bgremoval": "Cloudinary AI Background Removal",
    "viesus_correct": "VIESUS Automatic Image Enhancement",
}


def apply(image: Image, name: str, texts: Sequence[str], beside: Qualifiers) -> Image:
    """What an effect makes of an image.

    Args:
        image: In mode RGB or RGBA.
        name: Without `e_`.
        texts: Its arguments, as they were written.
        beside: The qualifiers of its component.

    Raises:
        ProviderError: There is no such effect or its arguments cannot be used (400), it needs an add-on
            (420), or it is one that this fake cannot do (501).
    """
    written = ":".join([name, *texts])
    if name in ADD_ONS:
        raise no_subscription(ADD_ONS[name])
    if name in BEYOND:
        raise not_emulated(f"the effect {written}")
    effect = EFFECTS.get(name)
    if effect is None:
        raise transformation_refused(f"Invalid effect in transformation: {written}")
    try:
        return effect(image, Arguments(tuple(part for text in texts for part in text.split(";"))), beside)
    except ValueError as error:
        raise transformation_refused(f"Invalid effect in transformation: {written}") from error
