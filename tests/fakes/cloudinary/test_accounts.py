"""Clouds, keys and tokens: seeded, created, limited."""

from typing import Any

import httpx
import pytest

from tests.fakes.cloudinary.conftest import KEY, SECRET, Cloud


def created(fake: Cloud, **document: Any) -> dict[str, Any]:
    answer = fake.http.post(f"{fake.url}/_fake/accounts", json=document)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def admin(cloud: Cloud, account: dict[str, Any], path: str) -> httpx.Response:
    keys = (account["api_key"], account["api_secret"])
    return cloud.http.get(f"{cloud.url}/v1_1/{account['cloud']}/{path}", auth=keys)


def test_a_created_tenant_is_free_until_the_next_reset(cloud: Cloud, png: bytes) -> None:
    account = created(cloud, cloud="demo")
    assert (account["folder"], len(account["api_key"]), len(account["api_secret"])) == (None, 15, 27)

    uploaded = cloud.http.post(
        f"{cloud.url}/v1_1/demo/image/upload",
        data={"public_id": "anywhere/at/all"},
        files={"file": png},
        auth=(account["api_key"], account["api_secret"]),
    )
    listed = cloud.control("accounts")["accounts"]

    assert uploaded.json()["public_id"] == "anywhere/at/all"
    assert [one["cloud"] for one in listed] == ["demo", "prod", "staging"]
    assert all("api_secret" not in one for one in listed)
    cloud.http.post(f"{cloud.url}/_fake/reset")
    assert admin(cloud, account, "ping").json()["error"]["message"] == "Invalid cloud_name demo"


def test_a_cloud_has_settings(cloud: Cloud) -> None:
    account = created(cloud, cloud="fixed", settings={"folder_mode": "fixed", "oauth_tokens": ["tok"]})

    config = admin(cloud, account, "config?settings=1").json()
    ping = cloud.http.get(f"{cloud.url}/v1_1/fixed/ping", headers={"Authorization": "Bearer tok"})
    other = cloud.http.get(f"{cloud.url}/v1_1/staging/ping", headers={"Authorization": "Bearer tok"})

    assert config["settings"] == {"folder_mode": "fixed"}
    assert ping.json() == {"status": "ok"}
    assert (other.status_code, other.json()["error"]["message"]) == (401, "Invalid token")
    assert other.headers["X-Cld-Error"] == "Invalid token"


def test_a_seeded_cloud_survives_a_reset(cloud: Cloud) -> None:
    account = {"cloud": "demo", "api_key": "12", "api_secret": "s", "folder": None}
    document = {"accounts": [account], "clouds": [{"name": "demo", "hourly_calls": 2}]}
    try:
        cloud.http.put(f"{cloud.url}/_fake/state", json=document).raise_for_status()
        cloud.http.post(f"{cloud.url}/_fake/reset")
        answers = [admin(cloud, account, "ping") for _ in range(3)]
    finally:
        cloud.http.put(f"{cloud.url}/_fake/state", json={})

    assert [one.status_code for one in answers] == [200, 200, 420]
    assert [one.headers["X-FeatureRateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    message = answers[2].json()["error"]["message"]
    assert message.startswith("Rate Limit Exceeded. Limit of 2 api operations reached. Try again on 20")


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({}, "accounts[].cloud is None"),
        ({"cloud": "prod"}, "accounts[] names cloud 'prod' or its key"),
        ({"cloud": "a", "api_key": KEY}, f"key '{KEY}' exists"),
        ({"cloud": "a b"}, "accounts[].cloud is 'a b'; it must be letters, digits, hyphens and underscores"),
        ({"cloud": "a", "setings": {}}, "accounts[] has 'setings', which is not known; there are cloud,"),
        ({"cloud": "a", "settings": {"hourly_calls": -1}}, "clouds[].hourly_calls is -1; it must not be"),
        ({"cloud": "a", "settings": {"search_lag_s": True}}, "search_lag_s is True; it must be a whole"),
        ({"cloud": "a", "folder": 7}, "accounts[].folder is 7"),
        ({"cloud": "a", "settings": {"colour": 1}}, "clouds[].colour is not a setting"),
        ({"cloud": "a", "settings": {"folder_mode": "free"}}, "clouds[].folder_mode is 'free'"),
        ({"cloud": "a", "settings": {"oauth_tokens": "tok"}}, "clouds[].oauth_tokens is 'tok'"),
        ({"cloud": "a", "settings": {"is_strict": 1}}, "clouds[].is_strict is 1"),
        ({"cloud": "a", "settings": []}, "'settings' is []"),
    ],
)
def test_a_tenant_that_cannot_be(cloud: Cloud, document: dict[str, Any], told: str) -> None:
    answer = cloud.http.post(f"{cloud.url}/_fake/accounts", json=document)

    assert answer.status_code == 400
    assert told in answer.json()["error"]


def test_refused_calls_count_too(cloud: Cloud) -> None:
    missing = cloud.admin("GET", "resources/image/upload/staging_clips/none")
    ping = cloud.admin("GET", "ping")

    assert missing.status_code == 404
    left = [int(one.headers["X-FeatureRateLimit-Remaining"]) for one in (missing, ping)]
    assert left == [499, 498]


def test_usage_counts_what_was_delivered_and_made(cloud: Cloud, png: bytes) -> None:
    cloud.upload(png, public_id="staging_clips/a").raise_for_status()
    got = [cloud.get(f"image/upload/{path}staging_clips/a.png") for path in ("", "w_10/", "w_10/")]
    usage = cloud.admin("GET", "usage").json()
    today = usage["last_updated"]

    assert usage["requests"] == 3
    assert usage["bandwidth"]["usage"] == sum(len(one.content) for one in got)
    assert usage["transformations"]["usage"] == 1
    assert (usage["resources"], usage["derived_resources"]) == (1, 1)
    assert usage["storage"]["usage"] == len(png) + len(got[1].content)
    same = cloud.admin("GET", f"usage/{today}").json()
    assert (same["requests"], same["resources"]) == (3, 1)
    before = cloud.admin("GET", "usage/01-02-2020").json()
    assert (before["requests"], before["resources"], before["date_requested"]) == (
        0,
        0,
        "2020-02-01T00:00:00Z",
    )
    assert "limit" not in before["credits"]
    for day in ("soon", "01-01-2099"):
        wrong = cloud.admin("GET", f"usage/{day}")
        assert (wrong.status_code, wrong.json()["error"]["message"]) == (
            400,
            f"Invalid value for parameter date: {day}",
        )


def test_the_production_cloud_has_no_tokens(cloud: Cloud) -> None:
    answer = cloud.http.get(f"{cloud.url}/v1_1/prod/ping", headers={"Authorization": "Bearer x"})

    assert answer.status_code == 401
    assert cloud.control("requests?violations=1")["requests"]
    assert cloud.http.get(f"{cloud.url}/v1_1/staging/ping", auth=(KEY, SECRET)).status_code == 200


def test_answers_have_the_headers_of_the_real_ones(cloud: Cloud) -> None:
    first = cloud.admin("GET", "ping")
    again = cloud.admin("GET", "ping", headers={"If-None-Match": first.headers["ETag"]})
    posted = cloud.admin("POST", "folders/staging_clips/x")

    assert first.headers["Status"] == "200 OK"
    assert first.headers["Cache-Control"] == "max-age=0, private, must-revalidate"
    assert first.headers["Server"] == "cloudinary"
    assert len(first.headers["X-Request-Id"]) == 32
    assert (again.status_code, again.content, again.headers["Status"]) == (304, b"", "304 Not Modified")
    assert again.headers["X-FeatureRateLimit-Limit"] == "500"
    assert "ETag" not in posted.headers
