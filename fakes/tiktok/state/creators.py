"""What TikTok knows of people, and what they may post."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.kit.footage import Footage
from fakes.kit.people import Person, open_id
from fakes.tiktok.state.profile import BASIC, PROFILE_SCOPE, STATS

MAX_DURATION_S = 600
TITLE_LIMIT_UNITS = 2200
_SWITCHES = (
    *("disable_duet", "disable_stitch", "disable_comment"),
    *("brand_content_toggle", "brand_organic_toggle", "is_aigc"),
)
_PUBLIC = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
_PRIVATE = ("FOLLOWER_OF_CREATOR", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY")
_CODECS = frozenset({"h264", "hevc", "vp8", "vp9"})
_SCOPE_OF_FIELD = (
    dict.fromkeys(
        ("open_id", "union_id", "avatar_url", "avatar_url_100", "avatar_large_url", "display_name"), BASIC
    )
    | dict.fromkeys(("bio_description", "profile_deep_link", "is_verified", "username"), PROFILE_SCOPE)
    | dict.fromkeys(("follower_count", "following_count", "likes_count", "video_count"), STATS)
)


@dataclass(frozen=True, slots=True)
class Creator:
    """A person as TikTok sees them; an account without a channel is a private one."""

    one: Person

    @property
    def privacy_levels(self) -> tuple[str, ...]:
        """What the creator may choose from."""
        return _PUBLIC if self.one.has_channel else _PRIVATE

    @property
    def union_id(self) -> str:
        """The id that is the same for all applications of a developer."""
        return open_id(self.one).replace("openid", "unionid")


def flaw_of_post(post_info: Mapping[str, Any]) -> str | None:
    """What is wrong with the settings of a video post, or None; the privacy level is not looked at."""
    title = post_info.get("title", "")
    if not isinstance(title, str) or len(title.encode("utf-16-le", "surrogatepass")) // 2 > TITLE_LIMIT_UNITS:
        return f"The title is longer than {TITLE_LIMIT_UNITS}"
    for name in _SWITCHES:
        if not isinstance(post_info.get(name, False), bool):
            return f"The {name} is not a boolean"
    cover_ms = post_info.get("video_cover_timestamp_ms", 0)
    if isinstance(cover_ms, bool) or not isinstance(cover_ms, int) or not 0 <= cover_ms < 2**31:
        return "The video_cover_timestamp_ms is invalid"
    return None


def scope_of_field(field: str) -> str | None:
    """The scope that shows a field of the user information; None for a field that does not exist."""
    return _SCOPE_OF_FIELD.get(field)


def fail_reason(footage: Footage | None) -> str | None:
    """Why a video cannot be published, in TikTok's words, or None."""
    if footage is None or footage.codec not in _CODECS:
        return "file_format_check_failed"
    if not {"mp4", "mov", "webm"} & set(footage.container.split(",")):
        return "file_format_check_failed"
    if footage.duration_s > MAX_DURATION_S:
        return "duration_check_failed"
    if not 22.9 <= footage.fps <= 60.1:
        return "frame_rate_check_failed"
    if not all(360 <= side_px <= 4096 for side_px in (footage.width_px, footage.height_px)):
        return "picture_size_check_failed"
    return None
