"""Add-ons: what an upload may ask of them. Nobody has subscribed to one here, so the answer is always no.

Source: cloudinary.com/documentation/cloudinary_add_ons, and the errors that the SDKs' own tests expect.
"""

from collections.abc import Mapping

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form

_MODERATION: Mapping[str, str] = {
    "aws_rek": "Rekognition AI Moderation",
    "aws_rek_video": "Rekognition AI Video Moderation",
    "duplicate": "Cloudinary Duplicate Image Detection",
    "google_video_moderation": "Google AI Video Moderation",
    "perception_point": "Perception Point Malware Detection",
    "webpurify": "WebPurify Image Moderation",
}
_CATEGORIZATION: Mapping[str, str] = {
    "aws_rek_tagging": "Rekognition Auto Tagging",
    "azure_video_indexer": "Microsoft Azure Video Indexer",
    "google_tagging": "Google Auto Tagging",
    "google_video_tagging": "Google Automatic Video Tagging",
    "imagga_tagging": "Imagga Auto Tagging",
}
_CONTENT_ANALYSIS = (
    "captioning cld-fashion cld-text coco coco_v1 coco_v2 human-anatomy iqa lvis lvis_v1 openimages"
    " shop-classifier unidet watermark-detection"
)
_DETECTION: Mapping[str, str] = {
    "adv_face": "Advanced Facial Attributes Detection",
    "aws_rek_face": "Rekognition Celebrity Detection",
    **dict.fromkeys(_CONTENT_ANALYSIS.split(), "Cloudinary AI Content Analysis"),
}
_REMOVAL: Mapping[str, str] = {
    "cloudinary_ai": "Cloudinary AI Background Removal",
    "pixelz": "Remove-The-Background Editing",
    "remove_the_background": "Remove-The-Background Editing",
}
_RAW_CONVERT: Mapping[str, str] = {
    "aspose": "Aspose Document Conversion",
    "azure_video_indexer": "Microsoft Azure Video Indexer",
    "google_speech": "Google AI Video Transcription",
}
_OCR: Mapping[str, str] = {"adv_ocr": "OCR Text Detection and Extraction"}
_OF_UPDATES: Mapping[str, Mapping[str, str]] = {
    "raw_convert": _RAW_CONVERT,
    "categorization": _CATEGORIZATION,
    "detection": _DETECTION,
    "ocr": _OCR,
    "background_removal": _REMOVAL,
}


def check(form: Form) -> None:
    """Refuse what only an add-on can do.

    Raises:
        ProviderError: There is no such add-on (400), or nobody has subscribed to it (420).
    """
    for name in form.many("categorization"):
        _refuse(_CATEGORIZATION, name, f"Categorization item {name} is not valid")
    for name in form.many("detection"):
        _refuse(_DETECTION, name, f"Detection invalid model '{name}'")
    removal, conversion, ocr = (form.text(name) for name in ("background_removal", "raw_convert", "ocr"))
    if removal:
        _refuse(_REMOVAL, removal, "Background removal is invalid")
    if conversion:
        _refuse(_RAW_CONVERT, conversion, "Raw convert is invalid")
    if ocr:
        _refuse(_OCR, ocr, f"Illegal value {ocr} for ocr")
    if form.text("similarity_search"):
        raise errors.not_emulated("the upload parameter 'similarity_search'")
    if form.text("auto_tagging"):
        # guess: the tail; that it must be used together with others is recorded
        raise errors.addon_refused("Must use categorization or detection with auto_tagging")


def check_update(form: Form) -> None:
    """Refuse what only an add-on can do, in the words of the Admin API.

    Raises:
        ProviderError: There is no such add-on (400), nobody has subscribed to it (420), or it is not covered
            at all (501).
    """
    for parameter, known in _OF_UPDATES.items():
        for name in form.many(parameter):
            _refuse(known, name, errors.illegal_value(parameter, name).message)
    for parameter in ("similarity_search", "visual_search"):
        if form.flag(parameter):
            raise errors.not_emulated(f"the parameter '{parameter}' of updates")
    if form.text("auto_tagging"):
        raise errors.addon_refused("Must use categorization or detection with auto_tagging")


def moderation_kinds(text: str) -> tuple[str, ...]:
    """Read `moderation`: kinds joined by `|`; only `manual` needs no add-on.

    Raises:
        ProviderError: There is no such kind (400), or nobody has subscribed to it (420).
    """
    kinds = tuple(kind.strip() for kind in text.split("|") if kind.strip())
    for kind in kinds:
        if kind != "manual":
            _refuse(_MODERATION, kind, f"Moderation {kind} moderation is not valid")
    return tuple(dict.fromkeys(kinds))


def _refuse(known: Mapping[str, str], name: str, refusal: str) -> None:
    """Names may carry arguments: `adv_ocr:document`, `coco_v2`, `duplicate:0.8`."""
    title = known.get(name) or known.get(name.partition(":")[0])
    raise errors.no_subscription(title) if title else errors.addon_refused(refusal)
