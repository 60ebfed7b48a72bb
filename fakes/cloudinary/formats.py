"""File formats: media types, what an extension can be made of, and what `f_auto` chooses. Pure tables.

Source: cloudinary.com/documentation/image_transformations (supported formats) and
video_manipulation_and_delivery.
"""

from collections.abc import Mapping

MEDIA_TYPES: Mapping[str, str] = {
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpe": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "tiff": "image/tiff",
    "tif": "image/tiff",
    "ico": "image/x-icon",
    "jp2": "image/jp2",
    "psd": "image/vnd.adobe.photoshop",
    "ai": "application/illustrator",
    "arw": "image/x-sony-arw",
    "cr2": "image/x-canon-cr2",
    "djvu": "image/vnd.djvu",
    "dng": "image/x-adobe-dng",
    "eps": "application/postscript",
    "flif": "image/flif",
    "hdp": "image/vnd.ms-photo",
    "heic": "image/heic",
    "heif": "image/heif",
    "indd": "application/x-indesign",
    "jpc": "image/x-jp2-codestream",
    "jxl": "image/jxl",
    "jxr": "image/vnd.ms-photo",
    "tga": "image/x-tga",
    "wdp": "image/vnd.ms-photo",
    "glb": "model/gltf-binary",
    "gltf": "model/gltf+json",
    "obj": "model/obj",
    "usdz": "model/vnd.usdz+zip",
    "svg": "image/svg+xml",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "ogv": "video/ogg",
    "avi": "video/x-msvideo",
    "flv": "video/x-flv",
    "ts": "video/mp2t",
    "mpeg": "video/mpeg",
    "wmv": "video/x-ms-wmv",
    "3gp": "video/3gpp",
    "3g2": "video/3gpp2",
    "m2ts": "video/mp2t",
    "mts": "video/mp2t",
    "mxf": "application/mxf",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "mka": "audio/x-matroska",
    "aiff": "audio/aiff",
    "amr": "audio/amr",
    "opus": "audio/opus",
    "wma": "audio/x-ms-wma",
    "m3u8": "application/x-mpegURL",
    "mpd": "application/dash+xml",
    "mp4dv": "video/mp4",
    "mp4da": "audio/mp4",
    "json": "application/json",
    "css": "text/css",
    "txt": "text/plain",
    "csv": "text/csv",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "tgz": "application/gzip",
}
UNMADE = frozenset(
    """
    3g2 3gp ai aiff amr arw cr2 djvu dng eps flif hdp heic heif indd jpc jxl jxr m2ts mts mxf opus psd tga wdp
    wma
    """.split()  # noqa: SIM905 - one line for each word would hide the code
)
"""Formats that Cloudinary converts to, and this fake only delivers as they were uploaded."""
ALIASES: Mapping[str, str] = {"jpeg": "jpg", "jpe": "jpg", "tif": "tiff"}
# What is made as a picture, and as a sound; all else is made as a video.
IMAGES = frozenset({"jpg", "png", "gif", "webp", "avif", "bmp", "tiff", "ico", "jp2", "pdf", "svg"})
SOUNDS = frozenset({"mp3", "m4a", "aac", "wav", "ogg", "flac"})


def media_type(format_name: str | None) -> str:
    """The Content-Type of a format; bytes when it is unknown."""
    return MEDIA_TYPES.get(format_name or "", "application/octet-stream")


def canonical(format_name: str) -> str:
    """One name for formats with many: `jpeg` is `jpg`."""
    name = format_name.lower()
    return ALIASES.get(name, name)


def is_font(name: str) -> bool:
    """Whether a font family is the name of a font file."""
    return name.lower().endswith((".ttf", ".otf", ".woff2"))


def is_known(ending: str) -> bool:
    """Whether an extension names a format that Cloudinary knows."""
    return ending.lower() in MEDIA_TYPES


_ANIMATIONS = ("avif", "webp", "gif")
"""What `f_auto:animated` chooses from, the smallest first."""


def automatic(resource_type: str, accept: str, stored: str | None, kind: str | None = None) -> str:
    """What `f_auto` delivers.

    Args:
        resource_type: `image` or `video`.
        accept: The Accept header.
        stored: Format of the original.
        kind: What `f_auto:image`, `f_auto:video` and `f_auto:animated` say after the colon.
    """
    if kind == "animated" and (resource_type == "video" or stored in _ANIMATIONS):
        fitting = [name for name in _ANIMATIONS if f"image/{name}" in accept]
        return next((name for name in fitting if resource_type == "video" or name != "avif"), "gif")
    wants_image = "image/" in accept and "video/" not in accept
    if kind == "video" or (resource_type == "video" and kind is None and not wants_image):
        return "mp4" if stored not in SOUNDS else str(stored)
    if "image/avif" in accept:
        return "avif"
    if "image/webp" in accept:
        return "webp"
    return stored if resource_type == "image" and stored in ("png", "gif", "jpg") else "jpg"
