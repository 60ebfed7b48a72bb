"""The kinds of analysis of the Analyze API, each of which is an add-on.

Source: cloudinary.com/documentation/analyze_api_guide, and the README of PyPI `cloudinary-analysis`.
"""

from fakes.cloudinary import errors
from fakes.cloudinary.forms import Form
from fakes.kit.errors import ProviderError

_CONTENT = (
    "captioning cld_fashion cld_text coco custom human_anatomy image_quality lvis shop_classifier unidet"
    " watermark_detection"
)
_VISION = "ai_vision_general ai_vision_moderation ai_vision_tagging"
_ADDONS = {
    **dict.fromkeys(_CONTENT.split(), "Cloudinary AI Content Analysis"),
    **dict.fromkeys(_VISION.split(), "Cloudinary AI Vision"),
    "google_logo_detection": "Google Auto Tagging",
    "google_tagging": "Google Auto Tagging",
}


def refusal(input_type: str, form: Form) -> ProviderError:
    """Why an analysis is not done: something is wrong with the request, or nobody has subscribed to it.

    Args:
        input_type: The end of the path: `uri`, or the kind of analysis.
        form: The parameters; `source` as JSON where the path says the kind.
    """
    kind = form.text("analysis_type") if input_type == "uri" else input_type
    if kind is None:
        return errors.missing_parameter("analysis_type")
    if not form.text("uri") and not form.text("source"):
        return errors.missing_parameter("uri")
    if kind not in _ADDONS:
        return errors.illegal_value("analysis_type", kind)
    if kind == "custom" and not form.text("parameters"):
        return errors.missing_parameter("parameters")
    return errors.no_subscription(_ADDONS[kind])
