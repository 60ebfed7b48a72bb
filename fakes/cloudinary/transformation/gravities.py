"""Where to look in a picture: the compass, and what it shows. Pure.

Source: cloudinary.com/documentation/transformation_reference (g_<compass position>, g_<special position>).
"""

from collections.abc import Mapping

from fakes.cloudinary.errors import no_subscription

COMPASS: Mapping[str, tuple[float, float]] = {
    "north_west": (0.0, 0.0),
    "north": (0.5, 0.0),
    "north_east": (1.0, 0.0),
    "west": (0.0, 0.5),
    "center": (0.5, 0.5),
    "east": (1.0, 0.5),
    "south_west": (0.0, 1.0),
    "south": (0.5, 1.0),
    "south_east": (1.0, 1.0),
}
# Gravities that look at the content; arguments may follow (`auto:subject`, `face:center`).
# Source: cloudinary.com/documentation/transformation_reference (g_<special position>).
_CONTENT_GRAVITIES = frozenset(
    {"auto", "face", "faces", "body", "custom", "liquid", "track_person", "clipping_path"}
)
_ADD_ON_GRAVITIES = (
    ("adv_", "Advanced Facial Attributes Detection"),
    ("ocr_text", "OCR Text Detection and Extraction"),
)
# Objects that an add-on finds.
# Source: cloudinary.com/documentation/cloudinary_ai_content_analysis_addon (COCO classes)
_OBJECT_NAMES = """
    airplane apple backpack banana baseball_bat baseball_glove bear bed bench bicycle bird boat book bottle
    bowl broccoli bus cake car carrot cat cell_phone chair clock couch cow cup diningtable dog donut elephant
    fork frisbee giraffe handbag horse hot_dog keyboard kite knife laptop microwave motorcycle mouse
    orange oven parking_meter person pizza potted_plant refrigerator remote sandwich scissors sheep sink
    skateboard skis snowboard spoon sports_ball stop_sign suitcase surfboard teddy_bear tennis_racket tie
    toaster toilet traffic_light train truck tvmonitor umbrella vase wine_glass zebra
"""
_OBJECTS = frozenset(_OBJECT_NAMES.split())


def parse(text: str) -> str:
    """Read a gravity, which is kept as it was written.

    Raises:
        ValueError: There is none like it.
        ProviderError: It belongs to an add-on (420).
    """
    head = text.partition(":")[0]
    for start, add_on in _ADD_ON_GRAVITIES:
        if head.startswith(start):
            raise no_subscription(add_on)
    if head in _OBJECTS:
        raise no_subscription("Cloudinary AI Content Analysis")
    if text in COMPASS or text == "xy_center" or head in _CONTENT_GRAVITIES:
        return text
    raise ValueError(text)
