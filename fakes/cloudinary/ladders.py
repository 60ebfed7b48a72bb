"""Streaming profiles that every cloud has: the ladder of representations of each. Pure tables.

Source: cloudinary.com/documentation/adaptive_bitrate_streaming (predefined streaming profiles), and a
published playlist of `sp_4k`.
"""

from collections.abc import Mapping

_4K = (
    "c_limit,w_3840,h_2160,vc_h264:high:4.0,br_35m",
    "c_limit,w_2560,h_1440,vc_h264:high:4.0,br_16m",
    "c_limit,w_1920,h_1080,vc_h264:high:4.0,br_8500k",
    "c_limit,w_1280,h_720,vc_h264:main:3.1,br_5500k",
    "c_limit,w_960,h_540,vc_h264:main:3.1,br_3500k",
    "c_limit,w_640,h_360,vc_h264:baseline:3.0,br_2m",
    "c_limit,w_480,h_270,vc_h264:baseline:3.0,br_800k",
    "c_limit,w_320,h_240,vc_h264:baseline:3.0,br_192k",
)
# guess: all but `4k` are cut out of its ladder; only their names are recorded.
PREDEFINED: Mapping[str, tuple[str, ...]] = {
    "4k": _4K,
    "full_hd": _4K[2:],
    "hd": _4K[3:],
    "sd": _4K[5:],
    "full_hd_wifi": _4K[2:5],
    "full_hd_lean": (_4K[2], _4K[3], _4K[5]),
    "hd_lean": (_4K[3], _4K[5]),
}
"""Name of a profile, and its representations as transformations, the largest first."""

# guess: which sizes `sp_auto` makes; that they stay within the source is documented.
AUTOMATIC: Mapping[int, str] = {
    2160: "c_limit,w_3840,h_2160,vc_h264:high:5.1,br_18m",
    1440: "c_limit,w_2560,h_1440,vc_h264:high:5.0,br_10m",
    1080: "c_limit,w_1920,h_1080,vc_h264:high:4.0,br_5500k",
    720: "c_limit,w_1280,h_720,vc_h264:main:3.1,br_3m",
    540: "c_limit,w_960,h_540,vc_h264:main:3.1,br_1500k",
    360: "c_limit,w_640,h_360,vc_h264:baseline:3.0,br_800k",
    270: "c_limit,w_480,h_270,vc_h264:baseline:3.0,br_400k",
    180: "c_limit,w_320,h_180,vc_h264:baseline:3.0,br_192k",
}
"""Height, and the representation of that height for `sp_auto`, the largest first."""
AUTOMATIC_MAX_HEIGHT = 1080
"""What `sp_auto` stops at unless `maxres_` says otherwise."""
