"""Seed documents that are not of a fake's shape are refused in words, and leave everything as it was."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.oauth_ways import At

VIDEO = {"id": "a", "login": "streamer_sam"}
CLIP = {"id": "c", "broadcaster": "streamer_sam", "creator": "viewer_vic"}


@pytest.mark.parametrize(
    ("name", "document", "words"),
    [
        ("google", {"vidoes": []}, "unknown field 'vidoes'; known are oauth, quota, videos, processing_s"),
        ("google", {"videos": ["a"]}, "videos[0] must be an object"),
        ("google", {"videos": {"id": "a"}}, "videos must be a list"),
        ("google", {"videos": [{**VIDEO, "at": "yesterday"}]}, "Invalid isoformat string: 'yesterday'"),
        ("google", {"videos": [VIDEO, VIDEO]}, "the document cannot be stored: UNIQUE constraint failed"),
        ("google", {"quota": [1]}, "quota must be an object"),
        ("tiktok", {"webhook": "http://127.0.0.1"}, "unknown field 'webhook'"),
        ("tiktok", {"videos": [VIDEO, 1]}, "videos[1] must be an object"),
        ("twitch", {"users": [1]}, "users[0] must be an object"),
        ("twitch", {"clips": [{**CLIP, "age_s": "old"}]}, "clips[0].age_s is 'old'"),
        ("twitch", {"clips": [{**CLIP, "title": {}}]}, "the document cannot be stored: "),
        ("twitch", {"callbacks": ["https://a.test"]}, "callbacks must be an object of texts"),
        ("discord", {"channels": ["clips"]}, "channels[0] must be an object"),
        ("discord", {"messages": [{"text": "a", "age_s": True}]}, "messages[0].age_s is True"),
        ("x", {"posts": [{"text": "a", "age_s": None}]}, "posts[0].age_s is None"),
        ("x", {"callbacks": {"https://a.test": 1}}, "callbacks must be an object of texts"),
    ],
)
def test_a_document_that_is_not_of_the_shape_is_refused(
    at: At, name: str, document: dict[str, Any], words: str
) -> None:
    before = at(name).get("/_fake/state").json()["state"]

    refused = at(name).put("/_fake/state", json=document)

    assert (refused.status_code, words in refused.json()["error"]) == (400, True), refused.text
    assert at(name).get("/_fake/state").json()["state"] == before
