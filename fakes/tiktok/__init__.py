"""Stands for TikTok: Login Kit v2 and the Content Posting API: direct posts, drafts for the inbox, photos.

Not covered: the QR code login, lists of videos, comments and everything of the Research API. One origin
serves www.tiktok.com, open.tiktokapis.com and open-upload.tiktokapis.com.
"""

from fakes.kit.fake import Endpoint, Fake, Host
from fakes.kit.refusals import REFUSAL

_LOGIN = "developers.tiktok.com/doc/oauth-user-access-token-management"
_POSTING = "developers.tiktok.com/doc/content-posting-api-reference-direct-post"
_OURS = "a page of this fake's own"

COVERAGE = (
    Endpoint("GET", "/v2/auth/authorize/", "full", "developers.tiktok.com/doc/login-kit-web"),
    Endpoint("POST", "/v2/auth/authorize/", "full", _OURS),
    Endpoint("POST", "/v2/oauth/token/", "full", _LOGIN),
    Endpoint("POST", "/v2/oauth/revoke/", "full", _LOGIN),
    Endpoint("GET", "/v2/user/info/", "full", "developers.tiktok.com/doc/tiktok-api-v2-get-user-info"),
    Endpoint(
        "POST",
        "/v2/post/publish/creator_info/query/",
        "full",
        "developers.tiktok.com/doc/content-posting-api-reference-query-creator-info",
    ),
    Endpoint("POST", "/v2/post/publish/video/init/", "full", _POSTING),
    Endpoint(
        "POST",
        "/v2/post/publish/inbox/video/init/",
        "full",
        "developers.tiktok.com/doc/content-posting-api-reference-upload-video",
    ),
    Endpoint(
        "POST",
        "/v2/post/publish/content/init/",
        "full",
        "developers.tiktok.com/doc/content-posting-api-reference-photo-post",
    ),
    Endpoint(
        "POST",
        "/v2/post/publish/status/fetch/",
        "full",
        "developers.tiktok.com/doc/content-posting-api-reference-get-video-status",
    ),
    Endpoint("POST", "/v2/post/publish/cancel/", "full", _POSTING),
    Endpoint("PUT", "/video/", "full", "developers.tiktok.com/doc/content-posting-api-media-transfer-guide"),
    Endpoint("GET", "/@{login}/video/{post_id}", "shape", _OURS),
    Endpoint("GET", "/play/{post_id}", "shape", _OURS),
    Endpoint("GET", "/inbox/{login}", "shape", _OURS),
    Endpoint("POST", "/inbox/{login}", "shape", _OURS),
    Endpoint("GET", "/avatar/{login}", "shape", _OURS),
    Endpoint("POST", "/v2/video/list/", "absent", "developers.tiktok.com/doc/tiktok-api-v2-video-list"),
    Endpoint("POST", "/v2/video/query/", "absent", "developers.tiktok.com/doc/tiktok-api-v2-video-query"),
    Endpoint("POST", "/v2/oauth/get_qrcode/", "absent", _LOGIN),
    Endpoint("POST", "/v2/oauth/check_qrcode/", "absent", _LOGIN),
)

FAKE = Fake(
    name="tiktok",
    title="TikTok",
    hosts=(
        Host("www.tiktok.com", ("", "/v2/auth")),
        Host("open.tiktokapis.com", ("/v2",)),
        Host("open-upload.tiktokapis.com", ("/video",)),
    ),
    port=8413,
    coverage=COVERAGE,
    conditions=(REFUSAL,),
)
