"""Who may see what: signatures of every key, tokens, access control, strict transformations, lists."""

from typing import Any

import httpx
import pytest
from cloudinary.auth_token import generate

from fakes.cloudinary import tokens
from fakes.cloudinary.signatures import delivery_signature
from tests.fakes.cloudinary.conftest import SECRET, Cloud, image

TOKEN_KEY = "00112233FF99"


class Tenant:
    """A cloud of its own with settings."""

    def __init__(self, cloud: Cloud, **settings: Any) -> None:
        self.fake = cloud
        document = {"cloud": "demo", "settings": settings}
        account = cloud.http.post(f"{cloud.url}/_fake/accounts", json=document).json()
        self.auth = (account["api_key"], account["api_secret"])

    def upload(self, public_id: str, **params: str) -> dict[str, Any]:
        answer = self.fake.http.post(
            f"{self.fake.url}/v1_1/demo/image/upload",
            data={"public_id": public_id, **params},
            files={"file": image(40, 30)},
            auth=self.auth,
        )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def update(self, public_id: str, **fields: Any) -> None:
        url = f"{self.fake.url}/v1_1/demo/resources/image/upload/{public_id}"
        self.fake.http.post(url, json=fields, auth=self.auth).raise_for_status()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.fake.http.get(f"{self.fake.url}/demo/{path}", **more)


def refused(answer: httpx.Response) -> tuple[int, str]:
    assert answer.content == b""
    assert answer.headers["Cache-Control"] == "private, no-transform, max-age=0"
    return answer.status_code, answer.headers["X-Cld-Error"]


DENIED = (401, "deny or ACL failure")


def test_every_key_of_a_cloud_signs(cloud: Cloud) -> None:
    tenant = Tenant(cloud)
    other = {"cloud": "demo", "api_key": "77", "api_secret": "second"}
    cloud.http.post(f"{cloud.url}/_fake/accounts", json=other).raise_for_status()
    tenant.upload("a", type="authenticated")

    for secret, status in ((tenant.auth[1], 200), ("second", 200), ("third", 401)):
        signature = delivery_signature("a.png", secret)
        assert tenant.get(f"image/authenticated/s--{signature}--/v1/a.png").status_code == status
    signature = delivery_signature("a.png", "second", is_long=True)
    assert tenant.get(f"image/authenticated/s--{signature}--/a.png").status_code == 200


def test_a_wrong_signature_is_refused_even_where_none_is_needed(cloud: Cloud) -> None:
    Tenant(cloud).upload("a")

    assert refused(cloud.http.get(f"{cloud.url}/demo/image/upload/s--AAAAAAAA--/v1/a.png")) == DENIED


def test_a_private_original_is_hidden_and_what_is_made_of_it_is_not(cloud: Cloud) -> None:
    tenant = Tenant(cloud)
    tenant.upload("a", type="private")

    assert refused(tenant.get("image/private/a.png")) == DENIED
    assert tenant.get("image/private/w_5/a.png").status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"acl": "/image/authenticated/*"},
        {"acl": "/demo/image/*"},
        {"acl": ["/video/*", "*/a.png"]},
        {"url": "/demo/image/authenticated/v1/a.png"},
        {"acl": "*", "ip": "127.0.0.1"},
    ],
)
def test_a_token_opens(cloud: Cloud, options: dict[str, Any]) -> None:
    tenant = Tenant(cloud, token_key=TOKEN_KEY)
    tenant.upload("a", type="authenticated")
    now = int(cloud.fakes.clock.now())
    token = generate(key=TOKEN_KEY, start_time=now - 5, duration=300, **options)
    path = "image/authenticated/v1/a.png"

    assert tenant.get(f"{path}?{token}").status_code == 200
    assert tenant.get(path, headers={"Cookie": token}).status_code == 200
    assert refused(tenant.get(path)) == DENIED
    cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 400})
    assert refused(tenant.get(f"{path}?{token}")) == DENIED


@pytest.mark.parametrize(
    "options",
    [
        {"acl": "/video/*"},
        {"acl": "/image/authenticated/b*"},
        {"url": "/demo/image/authenticated/v1/b.png"},
        {"acl": "*", "ip": "10.1.2.3"},
        {"acl": "*", "key": "CCBB2233FF00"},
        {"acl": "*", "start_time": 4102444800},
    ],
)
def test_a_token_for_something_else_opens_nothing(cloud: Cloud, options: dict[str, Any]) -> None:
    tenant = Tenant(cloud, token_key=TOKEN_KEY)
    tenant.upload("a", type="authenticated")

    token = generate(**{"key": TOKEN_KEY, "start_time": 1111111111, "expiration": 4102444999, **options})

    assert refused(tenant.get(f"image/authenticated/v1/a.png?{token}")) == DENIED


def test_tokens_are_those_of_the_fact_sheet() -> None:
    text = (
        "st=1111111111~exp=1111111411~acl=%2fvideo%2f*~hmac="
        "5873c30155b16cff7b76a59fd5b2ee68fc5f23f044eb62214f571c7456662f69"
    )
    token = tokens.parse(text)

    assert token is not None
    assert tokens.is_valid(token, TOKEN_KEY, ["/video/a.mp4"], 1111111200, None)
    assert not tokens.is_valid(token, TOKEN_KEY, ["/video/a.mp4"], 1111111411, None)
    assert not tokens.is_valid(token, TOKEN_KEY, ["/image/a.mp4"], 1111111200, None)
    assert not tokens.is_valid(token, "not hexadecimal", ["/video/a.mp4"], 1111111200, None)


@pytest.mark.parametrize(
    ("acl", "is_open"),
    [
        ("/a/*", True),
        ("*", True),
        ("/a/b", False),
        ("/a/b.png", True),
        ("*/b.png", True),
        ("/*a*b*g", True),
        ("/a/b.p*ng*", True),
        ("/a/b*b.png", False),
        ("/a/*x*", False),
        ("*a" * 5000, False),
    ],
)
def test_an_acl_is_a_pattern_that_takes_no_time(acl: str, is_open: bool) -> None:
    text = generate(key=TOKEN_KEY, expiration=4102444999, acl=acl).removeprefix("__cld_token__=")
    token = tokens.parse(text)

    assert token is not None
    assert tokens.is_valid(token, TOKEN_KEY, ["/a/b.png"], 1111111111, None) == is_open


@pytest.mark.parametrize(
    "text", ["", "exp=1", "hmac=a", "exp=x~hmac=a", "exp=1~exp=2~hmac=a", "exp=1~hmac", "nonsense"]
)
def test_what_is_no_token(text: str) -> None:
    assert tokens.parse(text) is None


def test_a_token_does_not_help_a_cloud_without_a_key(cloud: Cloud) -> None:
    tenant = Tenant(cloud)
    tenant.upload("a", type="authenticated")
    token = generate(key=TOKEN_KEY, expiration=4102444999, acl="*")

    assert refused(tenant.get(f"image/authenticated/v1/a.png?{token}")) == DENIED
    assert refused(tenant.get("image/authenticated/v1/a.png?__cld_token__=nonsense")) == DENIED


def test_the_access_mode_hides_an_uploaded_asset(cloud: Cloud) -> None:
    tenant = Tenant(cloud, token_key=TOKEN_KEY)
    tenant.upload("a")
    url = f"{cloud.url}/v1_1/demo/resources/image/upload/update_access_mode"
    body = {"public_ids": ["a"], "access_mode": "authenticated"}
    cloud.http.post(url, json=body, auth=tenant.auth).raise_for_status()
    token = generate(key=TOKEN_KEY, expiration=4102444999, acl="*")

    assert refused(tenant.get("image/upload/a.png")) == DENIED
    assert refused(tenant.get("image/upload/w_4/a.png")) == DENIED
    assert tenant.get(f"image/upload/w_4/a.png?{token}").status_code == 200


def test_strict_delivery_makes_what_was_allowed(cloud: Cloud) -> None:
    tenant = Tenant(cloud, is_strict=True)
    tenant.upload("a", eager="w_6")
    api = f"{cloud.url}/v1_1/demo/transformations"
    for method, body in (
        ("POST", {"name": "thumb", "transformation": "w_7"}),
        ("PUT", {"transformation": "w_6", "allowed_for_strict": True}),
        ("POST", {"name": "w_8/png", "transformation": "w_8/png"}),
        ("PUT", {"transformation": "w_8/png", "allowed_for_strict": True}),
    ):
        cloud.http.request(method, api, json=body, auth=tenant.auth).raise_for_status()
    signature = delivery_signature("w_9/a.png", tenant.auth[1])

    assert tenant.get("image/upload/a.png").status_code == 200
    assert tenant.get("image/upload/w_6/a.png").status_code == 200
    assert tenant.get("image/upload/t_thumb/a.png").status_code == 200
    assert refused(tenant.get("image/upload/w_8/a.jpg")) == (401, "Transformation w_8/jpg is not allowed")
    assert tenant.get("image/upload/w_8/a.png").status_code == 200
    assert refused(tenant.get("image/upload/w_9/a.png")) == (401, "Transformation w_9/png is not allowed")
    assert (
        refused(tenant.get("image/upload/w_9/fl_getinfo/a.png"))[1] == "Transformation w_9/png is not allowed"
    )
    assert refused(tenant.get("image/upload/w_9/a")) == (401, "Transformation w_9/ is not allowed")
    assert refused(tenant.get("image/upload/a.jpg")) == (401, "Transformation /jpg is not allowed")
    assert tenant.get(f"image/upload/s--{signature}--/w_9/a.png").status_code == 200
    assert tenant.get("image/upload/w_9/a.png").status_code == 200  # made by now


def test_a_list_needs_a_signature_until_the_cloud_opens_it(cloud: Cloud) -> None:
    for name in ("a", "b"):
        cloud.upload(image(4, 3), public_id=f"staging_clips/{name}", tags="logo", context="alt=x")
        cloud.http.post(f"{cloud.url}/_fake/clock", json={"advance_s": 1})
    signature = delivery_signature("logo.json", SECRET)

    closed = cloud.get("image/list/v1/logo.json")
    opened = cloud.get(f"image/list/s--{signature}--/v1/logo.json")

    assert refused(closed) == DENIED
    assert opened.headers["Cache-Control"] == "public, max-age=60"
    assert opened.headers["Access-Control-Allow-Origin"] == "*"
    listed = opened.json()
    assert set(listed) == {"resources", "updated_at"}
    assert [one["public_id"][-1] for one in listed["resources"]] == ["b", "a"]
    assert {name: listed["resources"][0][name] for name in ("format", "width", "type", "context")} == {
        "format": "png",
        "width": 4,
        "type": "upload",
        "context": {"custom": {"alt": "x"}},
    }


def test_an_open_list_of_any_type(cloud: Cloud, mp4: bytes) -> None:
    tenant = Tenant(cloud, restricted_types=[])
    tenant.upload("a", tags="t")
    cloud.http.post(
        f"{cloud.url}/v1_1/demo/video/upload",
        data={"public_id": "v", "tags": "t"},
        files={"file": mp4},
        auth=tenant.auth,
    ).raise_for_status()

    listed = tenant.get("any/list/t.json").json()["resources"]

    assert sorted(one["resource_type"] for one in listed) == ["image", "video"]
    assert [one["public_id"] for one in tenant.get("video/list/v7/t.json").json()["resources"]] == ["v"]
    assert refused(tenant.get("image/list/none.json")) == (404, "Resource not found - none")
    assert refused(tenant.get("image/list/t.xml")) == (400, "Invalid extension in transformation: xml")


def test_restricted_types_are_for_those_who_sign(cloud: Cloud) -> None:
    tenant = Tenant(cloud, restricted_types=["upload"])
    tenant.upload("a")
    signature = delivery_signature("a.png", tenant.auth[1])

    assert refused(tenant.get("image/upload/a.png")) == DENIED
    assert tenant.get(f"image/upload/s--{signature}--/a.png").status_code == 200
    assert refused(tenant.get("image/upload/none.png")) == DENIED


def test_a_private_cdn_has_no_cloud_in_its_paths(cloud: Cloud) -> None:
    Tenant(cloud, is_private_cdn=True).upload("a")

    assert cloud.http.get(f"{cloud.url}/image/upload/v1/a.png").status_code == 200
    host = {"Host": "demo-res.cloudinary.com"}
    assert cloud.http.get(f"{cloud.url}/image/upload/v1/a.png", headers=host).status_code == 200
    assert cloud.http.get(f"{cloud.url}/w_20/v1/a.png").status_code == 200
    assert cloud.http.get(f"{cloud.url}/w_20/v1/none.png").status_code == 404


@pytest.mark.parametrize("kind", ["authenticated", "fetch"])
def test_layers_that_are_not_for_everybody_want_a_signature(cloud: Cloud, kind: str) -> None:
    tenant = Tenant(cloud, restricted_types=["fetch"])
    tenant.upload("a")
    path = f"if_w_gt_1/l_{kind}:aHR0cDovL2EuYi9j/fl_layer_apply/if_end/a.png"

    unsigned = tenant.get(f"image/upload/{path}")
    signed = tenant.get(f"image/upload/s--{delivery_signature(path, tenant.auth[1])}--/{path}")

    assert refused(unsigned) == DENIED
    status, words = refused(signed)
    missing = {"authenticated": "Resource not found - aHR0", "fetch": "Error in loading http://a.b/c - "}[
        kind
    ]
    assert (status, words[: len(missing)]) == (400, missing)
