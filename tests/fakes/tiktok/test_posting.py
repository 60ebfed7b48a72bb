from __future__ import annotations

import hashlib
import json
import socket
import threading
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from fakes.kit.people import person
from fakes.tiktok.state import TikTokState
from fakes.tiktok.state.chunks import Plan, flaw
from fakes.tiktok.state.notices import signature
from tests.fakes.receiver import Answer, Received, receiving
from tests.fakes.serving import Served
from tests.fakes.tiktok.conftest import CLIENT, Bearer, Movie
from tests.servers import wait_until

INIT = "/v2/post/publish/video/init/"
STATUS = "/v2/post/publish/status/fetch/"
CREATOR = "/v2/post/publish/creator_info/query/"
CANCEL = "/v2/post/publish/cancel/"
MB = 1024 * 1024


def state_of(running: Served) -> TikTokState:
    state = running.apps["tiktok"].parts.state
    assert isinstance(state, TikTokState)
    return state


def announced(client: httpx.Client, token: dict[str, str], size: int, **changes: Any) -> httpx.Response:
    info = {"privacy_level": "PUBLIC_TO_EVERYONE", "title": "What a play #clip"}
    source = {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": size, "total_chunk_count": 1}
    body = {"post_info": info | changes.pop("info", {}), "source_info": source | changes.pop("source", {})}
    return client.post(INIT, json=body, headers={**token, **changes})


def sent(client: httpx.Client, url: str, content: bytes, first: int, last: int, total: int) -> httpx.Response:
    headers = {"Content-Type": "video/mp4", "Content-Range": f"bytes {first}-{last}/{total}"}
    return client.put(url, content=content, headers=headers)


def posted(client: httpx.Client, token: dict[str, str], path: Path, **changes: Any) -> str:
    content = path.read_bytes()
    answer = announced(client, token, len(content), **changes).json()
    upload = sent(client, answer["data"]["upload_url"], content, 0, len(content) - 1, len(content))
    assert upload.status_code == 201, upload.text
    publish_id: str = answer["data"]["publish_id"]
    return publish_id


def status(client: httpx.Client, token: dict[str, str], publish_id: str) -> dict[str, Any]:
    answer = client.post(STATUS, json={"publish_id": publish_id}, headers=token).json()
    assert answer["error"]["code"] == "ok", answer
    found: dict[str, Any] = answer["data"]
    return found


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_chunk_that_is_sent_again_takes_the_place_of_the_one_that_hangs(
    client: httpx.Client, bearer: Bearer, movie: Movie, running: Served
) -> None:
    token, content = bearer(), movie().read_bytes()
    data = announced(client, token, len(content)).json()["data"]
    address, spool = urlsplit(data["upload_url"]), state_of(running).spool
    file = f"{parse_qs(address.query)['upload_id'][0]}.video"
    head = f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\n"
    head += (
        f"Content-Range: bytes 0-{len(content) - 1}/{len(content)}\r\nContent-Length: {len(content)}\r\n\r\n"
    )

    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(head.encode() + content[:1000])
        wait_until(lambda: spool.size(file) == 1000, lambda: "the beginning to come")
        between = status(client, token, data["publish_id"])
        again = sent(client, data["upload_url"], content, 0, len(content) - 1, len(content))
        connection.sendall(content[1000:])
        late = connection.recv(4096)

    (post,) = client.get("/_fake/posts").json()["posts"]
    assert between == {"status": "PROCESSING_UPLOAD", "publicaly_available_post_id": [], "uploaded_bytes": 0}
    assert (again.status_code, late[:13]) == (201, b"HTTP/1.1 503 ")
    assert post["media"]["sha256"] == hashlib.sha256(content).hexdigest()


def test_a_post_whose_last_byte_came_just_before_the_fake_ended_is_gone_on_with(
    client: httpx.Client, bearer: Bearer, movie: Movie, running: Served
) -> None:
    token, content = bearer(), movie().read_bytes()
    data = announced(client, token, len(content)).json()["data"]
    upload_id = parse_qs(urlsplit(data["upload_url"]).query)["upload_id"][0]
    state_of(running).spool.append(f"{upload_id}.video", content)

    shown = status(client, token, data["publish_id"])

    assert (shown["status"], shown["uploaded_bytes"]) == ("PUBLISH_COMPLETE", len(content))


def test_a_video_in_one_chunk_is_published_at_once(
    client: httpx.Client, bearer: Bearer, movie: Movie, running: Served
) -> None:
    token, content = bearer(), movie().read_bytes()

    publish_id = posted(client, token, movie(), **{"Idempotency-Key": "post-7"})

    shown = status(client, token, publish_id)
    post = client.get("/_fake/posts").json()["posts"][0]
    assert publish_id.startswith("v_pub_file~v2-1.")
    assert shown["status"] == "PUBLISH_COMPLETE"
    assert shown["uploaded_bytes"] == len(content)
    assert [len(str(number)) for number in shown["publicaly_available_post_id"]] == [19]
    assert post == {
        "platform": "tiktok",
        "id": str(shown["publicaly_available_post_id"][0]),
        "url": f"{running.url('tiktok')}/@streamer_sam/video/{post['id']}",
        "account": "streamer_sam",
        "title": "What a play #clip",
        "text": None,
        "media": {
            "url": f"{running.url('tiktok')}/play/{post['id']}",
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        },
        "at": post["at"],
        "idempotency_key": "post-7",
    }
    assert "What a play #clip" in client.get(post["url"]).text
    assert client.get(post["media"]["url"]).content == content


def test_chunks_come_in_order_and_are_stored_whole_or_not_at_all(
    client: httpx.Client, bearer: Bearer
) -> None:
    size, chunk = 11 * MB + 5, 5 * MB
    source = {"video_size": size, "chunk_size": chunk, "total_chunk_count": 2}
    token = bearer()
    data = announced(client, token, size, source=source).json()["data"]
    url = data["upload_url"]

    early = sent(client, url, b"x" * chunk, chunk, 2 * chunk - 1, size)
    first = sent(client, url, b"x" * chunk, 0, chunk - 1, size)
    again = sent(client, url, b"x" * chunk, 0, chunk - 1, size)
    uneven = sent(client, url, b"x" * chunk, chunk, 2 * chunk - 1, size)
    middle = status(client, token, data["publish_id"])
    last = sent(client, url, b"x" * (size - chunk), chunk, size - 1, size)

    assert (early.status_code, again.status_code, uneven.status_code) == (416, 416, 416)
    assert (first.status_code, first.headers["content-range"]) == (206, f"bytes 0-{chunk}/{size}")
    assert (middle["status"], middle["uploaded_bytes"]) == ("PROCESSING_UPLOAD", chunk)
    assert (last.status_code, last.headers["content-range"]) == (201, f"bytes 0-{size}/{size}")
    failed = status(client, token, data["publish_id"])
    assert (failed["status"], failed["fail_reason"]) == ("FAILED", "file_format_check_failed")
    assert client.get("/_fake/posts").json()["posts"] == []


def test_bad_chunks_and_addresses_are_refused(client: httpx.Client, bearer: Bearer, running: Served) -> None:
    url = announced(client, bearer(), 1000).json()["data"]["upload_url"]
    good = {"Content-Type": "video/mp4", "Content-Range": "bytes 0-999/1000"}

    def put(address: str, content: bytes = b"x" * 1000, **changes: str) -> int:
        headers = good | {name.replace("_", "-"): value for name, value in changes.items()}
        return client.put(address, content=content, headers=headers).status_code

    codes = {
        "type": put(url, Content_Type="text/plain"),
        "range": put(url, Content_Range="0-999"),
        "length": put(url, b"x" * 10),
        "total": put(url, Content_Range="bytes 0-999/2000"),
        "task": put(url.replace("upload_id=7", "upload_id=8")),
        "token": put(url + "x"),
    }
    running.clock.advance(3601)
    codes["late"] = put(url)

    assert codes == {
        "type": 400,
        "range": 400,
        "length": 400,
        "total": 400,
        "task": 404,
        "token": 403,
        "late": 403,
    }


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (Plan(50_000_123, 10_000_000, 5), None),
        (Plan(4_194_304, 4_194_304, 1), None),
        (Plan(67_108_865, 33_554_432, 2), None),
        (Plan(130_000_000, 64_000_000, 2), None),
        (Plan(50_000_123, 10_000_000, 6), "The total chunk count is invalid"),
        (Plan(65 * MB, 64 * MB, 1), "The total chunk count is invalid"),
        (Plan(4_194_304, 1_000_000, 4), "The chunk size is invalid"),
        (Plan(50_000_123, 4 * MB, 11), "The chunk size is invalid"),
        (Plan(200 * MB, 65 * MB, 3), "The chunk size is invalid"),
        (Plan(0, 0, 1), "The video size is invalid"),
    ],
)
def test_plans_follow_the_rules_for_chunks(plan: Plan, expected: str | None) -> None:
    assert flaw(plan) == expected


@pytest.mark.parametrize(
    ("plan", "last_bytes"),
    [
        (Plan(50_000_123, 10_000_000, 5), 10_000_123),
        (Plan(4_194_304, 4_194_304, 1), 4_194_304),
        (Plan(67_108_865, 33_554_432, 2), 33_554_433),
        (Plan(130_000_000, 64_000_000, 2), 66_000_000),
    ],
)
def test_the_last_chunk_takes_the_rest(plan: Plan, last_bytes: int) -> None:
    begin = plan.chunk_bytes * (plan.count - 1)

    assert plan.next_end(begin) - begin == last_bytes
    assert plan.count == 1 or plan.next_end(0) == plan.chunk_bytes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"info": {"privacy_level": None}}, (400, "invalid_params")),
        ({"info": {"privacy_level": "FOLLOWER_OF_CREATOR"}}, (403, "privacy_level_option_mismatch")),
        ({"info": {"title": "😀" * 1101}}, (400, "invalid_params")),
        ({"source": {"total_chunk_count": 2}}, (400, "invalid_params")),
        ({"source": {"video_size": "1000"}}, (400, "invalid_params")),
        ({"source": {"source": "MAGIC"}}, (400, "invalid_params")),
        (
            {"source": {"source": "PULL_FROM_URL", "video_url": "https://elsewhere.test/v.mp4"}},
            (403, "url_ownership_unverified"),
        ),
    ],
)
def test_announcements_that_break_a_rule_are_refused(
    client: httpx.Client, bearer: Bearer, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refused(announced(client, bearer(), 1000, **changes)) == expected


def test_a_body_that_is_no_json_object_is_refused(client: httpx.Client, bearer: Bearer) -> None:
    token = bearer()

    assert refused(client.post(INIT, content=b"{", headers=token)) == (400, "invalid_params")
    assert refused(client.post(INIT, json=[], headers=token)) == (400, "invalid_params")


def test_an_unaudited_application_posts_for_the_creator_alone(
    client: httpx.Client, bearer: Bearer, movie: Movie
) -> None:
    client.put("/_fake/state", json={"is_audited": False})
    token = bearer()

    public = announced(client, token, 1000)
    private = status(client, token, posted(client, token, movie(), info={"privacy_level": "SELF_ONLY"}))

    assert refused(public) == (403, "unaudited_client_can_only_post_to_private_accounts")
    assert (private["status"], private["publicaly_available_post_id"]) == ("PUBLISH_COMPLETE", [])


def test_creator_info_says_what_may_be_chosen(client: httpx.Client, bearer: Bearer) -> None:
    public = client.post(CREATOR, headers=bearer()).json()["data"]
    private = client.post(CREATOR, headers=bearer("viewer_vic")).json()["data"]
    scope = client.post(CREATOR, headers=bearer(scope="user.info.basic"))

    assert public["creator_username"] == "streamer_sam"
    assert public["max_video_post_duration_sec"] == 600
    assert public["privacy_level_options"] == ["PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "SELF_ONLY"]
    assert private["privacy_level_options"][0] == "FOLLOWER_OF_CREATOR"
    assert refused(scope) == (401, "scope_not_authorized")


def test_a_banned_creator_is_refused_with_200_in_creator_info_and_403_at_init(
    client: httpx.Client, bearer: Bearer
) -> None:
    token = bearer("banned_ben")
    code = "spam_risk_user_banned_from_posting"

    assert refused(client.post(CREATOR, headers=token)) == (200, code)
    assert refused(announced(client, token, 1000)) == (403, code)


def test_the_posts_of_a_day_run_out_and_come_back(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    client.put("/_fake/state", json={"posts_per_day": 1})
    token = bearer()
    code = "spam_risk_too_many_posts"

    first, second = (announced(client, token, 1000) for _ in range(2))
    creator = client.post(CREATOR, headers=token)
    running.clock.advance(86_401)
    tomorrow = announced(client, bearer(), 1000)

    assert (first.status_code, tomorrow.status_code) == (200, 200)
    assert refused(second) == (403, code)
    assert refused(creator) == (200, code)


def test_six_announcements_a_minute_are_allowed(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    token = bearer()

    codes = [announced(client, token, 1000).status_code for _ in range(7)]
    running.clock.advance(61)
    after = announced(client, token, 1000)

    assert codes == [200] * 6 + [429]
    assert after.status_code == 200


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ({"size": "320x640"}, "picture_size_check_failed"),
        ({"rate": 15}, "frame_rate_check_failed"),
        ({"codec": "mpeg4"}, "file_format_check_failed"),
        ({"end": "avi"}, "file_format_check_failed"),
        ({"rate": 60}, None),
    ],
)
def test_videos_are_looked_into(
    client: httpx.Client, bearer: Bearer, movie: Movie, kind: dict[str, Any], reason: str | None
) -> None:
    token = bearer()

    found = status(client, token, posted(client, token, movie(**kind)))

    assert found.get("fail_reason") == reason
    assert found["status"] == ("FAILED" if reason else "PUBLISH_COMPLETE")


def test_processing_takes_its_time_on_the_clock(
    client: httpx.Client, bearer: Bearer, movie: Movie, running: Served
) -> None:
    client.put("/_fake/state", json={"processing_s": 45})
    token = bearer()
    publish_id = posted(client, token, movie())

    early = status(client, token, publish_id)["status"]
    running.clock.advance(46)
    late = status(client, token, publish_id)["status"]

    assert (early, late) == ("PROCESSING_UPLOAD", "PUBLISH_COMPLETE")


def test_a_status_is_shown_to_its_creator_alone(client: httpx.Client, bearer: Bearer) -> None:
    publish_id = announced(client, bearer(), 1000).json()["data"]["publish_id"]

    other = client.post(STATUS, json={"publish_id": publish_id}, headers=bearer("clipper_cleo"))
    unknown = client.post(STATUS, json={"publish_id": "x"}, headers=bearer())

    assert refused(other) == (400, "token_not_authorized_for_specified_publish_id")
    assert refused(unknown) == (400, "invalid_publish_id")


def test_a_post_can_be_taken_back_until_it_is_published(
    client: httpx.Client, bearer: Bearer, movie: Movie
) -> None:
    token = bearer()
    begun = announced(client, token, 1000).json()["data"]
    done = posted(client, token, movie())

    cancelled = client.post(CANCEL, json={"publish_id": begun["publish_id"]}, headers=token)
    late = client.post(CANCEL, json={"publish_id": done}, headers=token)
    upload = sent(client, begun["upload_url"], b"x" * 1000, 0, 999, 1000)

    assert (cancelled.status_code, cancelled.json()["error"]["code"]) == (200, "ok")
    assert refused(late) == (400, "publish_not_cancellable")
    assert status(client, token, begun["publish_id"])["fail_reason"] == "publish_cancelled"
    assert upload.status_code == 416


def test_a_video_is_pulled_from_this_stack(movie: Movie, bearer: Bearer, client: httpx.Client) -> None:
    token, content = bearer(), movie().read_bytes()

    def answer(request: Received) -> Answer:
        return Answer(200, content) if request.path == "/good.mp4" else Answer(404)

    with receiving() as host:
        host.answer = answer
        sources = [
            {"source": "PULL_FROM_URL", "video_url": f"{host.url}/{name}.mp4"} for name in ("good", "bad")
        ]
        good, bad = (announced(client, token, 1, source=source).json()["data"] for source in sources)
        ended = _until_ended(client, token, good["publish_id"], bad["publish_id"])

    assert "upload_url" not in good
    assert good["publish_id"].startswith("v_pub_url~v2.")
    assert (ended[0]["status"], ended[0]["downloaded_bytes"]) == ("PUBLISH_COMPLETE", len(content))
    assert (ended[1]["status"], ended[1]["fail_reason"]) == ("FAILED", "video_pull_failed")


def test_a_download_that_is_cancelled_stays_cancelled(
    client: httpx.Client, bearer: Bearer, running: Served
) -> None:
    token, may_answer = bearer(), threading.Event()

    def answer(_request: Received) -> Answer:
        may_answer.wait(10)
        return Answer(404)

    with receiving() as host:
        host.answer = answer
        source = {"source": "PULL_FROM_URL", "video_url": f"{host.url}/video.mp4"}
        begun = announced(client, token, 1, source=source).json()["data"]["publish_id"]
        client.post(CANCEL, json={"publish_id": begun}, headers=token).raise_for_status()
        may_answer.set()
        puller = state_of(running)._puller
        wait_until(lambda: not puller._tasks, lambda: "the download to end")

    assert status(client, token, begun)["fail_reason"] == "publish_cancelled"


def test_a_download_that_ended_with_the_fake_is_taken_up_again(
    client: httpx.Client, bearer: Bearer, movie: Movie, running: Served
) -> None:
    token, content = bearer(), movie().read_bytes()
    sam = person("streamer_sam")
    assert sam is not None

    with receiving() as host:
        host.answer = lambda _request: Answer(200, content)
        publishing = state_of(running).publishing
        lost = publishing.announce(sam, {"privacy_level": "SELF_ONLY"}, f"{host.url}/video.mp4", None)
        before = status(client, token, lost.id)
        (after,) = _until_ended(client, token, lost.id)

    assert (before["status"], after["status"]) == ("PROCESSING_DOWNLOAD", "PUBLISH_COMPLETE")


def _until_ended(client: httpx.Client, token: dict[str, str], *publish_ids: str) -> list[dict[str, Any]]:
    def ended() -> bool:
        state = client.get("/_fake/state").json()["state"]["by_status"]
        return "PROCESSING_DOWNLOAD" not in state

    wait_until(ended, lambda: "all downloads to end")
    return [status(client, token, publish_id) for publish_id in publish_ids]


def test_signatures_are_as_computed_by_hand() -> None:
    body = (
        '{"client_key":"awstaging","event":"post.publish.complete","create_time":1795240800,'
        '"user_openid":"act.example","content":"{\\"publish_id\\":\\"v_pub_file~v2-1.123456789\\",'
        '\\"publish_type\\":\\"DIRECT_POST\\"}"}'
    )

    assert signature("tiktok-staging-secret", 1795240800, body.encode()) == (
        "t=1795240800,s=8e742ea1aed132a4386616b4665f0b455a4590d079f59d1cd33de27f078d81de"
    )


def test_the_application_is_told_by_signed_webhooks(
    client: httpx.Client, bearer: Bearer, movie: Movie
) -> None:
    with receiving() as application:
        client.put("/_fake/state", json={"webhook_url": application.url})
        token = bearer()
        publish_id = posted(client, token, movie())
        access = token["Authorization"].removeprefix("Bearer ")
        client.post("/v2/oauth/revoke/", data={**CLIENT, "token": access})
        wait_until(
            lambda: len(application.received) == 3, lambda: f"three messages, got {application.received}"
        )

    events = {json.loads(one.body)["event"]: json.loads(one.body) for one in application.received}
    first = application.received[0]
    at_s = int(first.headers["tiktok-signature"].split(",")[0].removeprefix("t="))
    assert set(events) == {
        "post.publish.complete",
        "post.publish.publicly_available",
        "authorization.removed",
    }
    assert json.loads(events["post.publish.complete"]["content"]) == {
        "publish_id": publish_id,
        "publish_type": "DIRECT_POST",
    }
    assert json.loads(events["authorization.removed"]["content"]) == {"reason": 5}
    assert first.headers["tiktok-signature"] == signature(CLIENT["client_secret"], at_s, first.body)


def test_a_seeded_post_is_shown_and_does_not_count_for_the_day(client: httpx.Client, bearer: Bearer) -> None:
    row = {"id": "7400000000000000001", "login": "streamer_sam", "title": "Old", "idempotency_key": "k"}
    client.put("/_fake/state", json={"videos": [row], "posts_per_day": 1})

    post = client.get("/_fake/posts").json()["posts"][0]

    assert (post["id"], post["title"], post["media"]) == ("7400000000000000001", "Old", None)
    assert announced(client, bearer(), 1000).status_code == 200


def test_a_setting_of_the_wrong_kind_is_refused(client: httpx.Client) -> None:
    answer = client.put("/_fake/state", json={"posts_per_day": "many"})

    assert answer.status_code == 400
    assert answer.json()["error"] == "'posts_per_day' is 'many'; it must be of the kind of 15"
