"""The effects that there are, and how their arguments are read. Pure.

Source: cloudinary.com/documentation/transformation_reference (e_...).
"""

from collections.abc import Mapping

from fakes.cloudinary.errors import no_subscription, not_emulated
from fakes.cloudinary.transformation.component import Effect

_Limits = tuple[float, float, float]
# Lowest, highest and default value of the first argument.
_NUMBERED: Mapping[str, _Limits] = {
    "accelerate": (-50, 100, 0),
    "anti_removal": (0, 100, 50),
    "auto_brightness": (0, 100, 100),
    "auto_color": (0, 100, 100),
    "auto_contrast": (0, 100, 100),
    "blackwhite": (0, 100, 50),
    "blue": (-100, 100, 0),
    "blur": (1, 2000, 100),
    "blur_faces": (1, 2000, 500),
    "blur_region": (1, 2000, 100),
    "brightness": (-99, 100, 80),
    "brightness_hsb": (-99, 100, 80),
    "cartoonify": (0, 100, 50),
    "colorize": (0, 100, 100),
    "contrast": (-100, 100, 0),
    "deshake": (0, 64, 16),
    "fade": (-120_000, 120_000, 2000),
    "fill_light": (-100, 100, 0),
    "gamma": (-50, 150, 0),
    "gradient_fade": (0, 100, 20),
    "green": (-100, 100, 0),
    "hue": (-100, 100, 80),
    "loop": (1, 100, 1),
    "make_transparent": (0, 100, 10),
    "noise": (0, 100, 20),
    "oil_paint": (0, 100, 30),
    "opacity_threshold": (1, 100, 50),
    "ordered_dither": (0, 18, 0),
    "pixelate": (1, 200, 20),
    "pixelate_faces": (1, 200, 20),
    "pixelate_region": (1, 200, 20),
    "red": (-100, 100, 0),
    "saturation": (-100, 100, 80),
    "sepia": (1, 100, 80),
    "shadow": (0, 100, 40),
    "sharpen": (1, 2000, 100),
    "trim": (0, 100, 10),
    "unsharp_mask": (1, 2000, 100),
    "vibrance": (-100, 100, 20),
    "vignette": (0, 100, 20),
    "volume": (-100, 400, 0),
}
# These take words in place of the number, too: `e_contrast:level_50;type_sigmoidal`.
_NUMBER_OR_WORDS = frozenset({"contrast", "gradient_fade", "noise", "trim", "cartoonify"})
_BARE_NAMES = """
    boomerang cut_out enhance gen_restore grayscale mask multiply negate overlay redeye reverse screen
    transition upscale visualize
"""
_WORDED_NAMES = """
    art assist_colorblind auto_enhance background_removal bgremoval camera displace distort dropshadow extract
    gen_background_replace gen_recolor gen_remove gen_replace improve light morphology outline preview
    progressbar recolor replace_color shear simulate_colorblind swap_image theme tint vectorize zoompan
"""
_BARE = frozenset(_BARE_NAMES.split())
_WORDED = frozenset(_WORDED_NAMES.split())
_ADD_ONS: Mapping[str, str] = {
    "adv_redeye": "Advanced Facial Attributes Detection",
    "lightroom": "Adobe Photoshop Lightroom",
    "style_transfer": "Neural Artwork Style Transfer",
    "viesus_correct": "VIESUS Automatic Image Enhancement",
}
NAMES = frozenset(_NUMBERED) | _BARE | _WORDED


def parse(text: str) -> Effect:
    """Read `blur:300`, `volume:-6dB` or `replace_color:red:40:2b38aa`.

    Raises:
        ValueError: There is no such effect, or its argument is out of range.
        ProviderError: It belongs to an add-on (420).
    """
    name, colon, rest = text.partition(":")
    if name in _ADD_ONS:
        raise no_subscription(_ADD_ONS[name])
    arguments = tuple(rest.split(":")) if colon else ()
    if name not in NAMES or (name in _BARE and arguments):
        raise ValueError(text)
    limits = _NUMBERED.get(name)
    if limits is None:
        return Effect(name, arguments=arguments)
    if not arguments:
        return Effect(name, limits[2])
    if name == "volume" and not _is_number(arguments[0]):
        return _volume(arguments)
    if name == "accelerate" and arguments[0].endswith("s"):
        raise not_emulated("e_accelerate with a length in seconds")
    if name in _NUMBER_OR_WORDS and not _is_number(arguments[0]):
        return Effect(name, limits[2], arguments=arguments)
    value = float(arguments[0])
    if not limits[0] <= value <= limits[1]:
        raise ValueError(text)
    return Effect(name, value, arguments=arguments)


def _volume(arguments: tuple[str, ...]) -> Effect:
    """`mute`, `auto` or decibels."""
    word = arguments[0].lower()
    if word == "mute":
        return Effect("volume", -100, arguments=arguments)
    if word == "auto":
        return Effect("volume", 0, "auto", arguments=arguments)
    if not word.endswith("db") or not -120 <= float(word[:-2]) <= 120:
        raise ValueError(word)
    return Effect("volume", float(word[:-2]), "db", arguments=arguments)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()
