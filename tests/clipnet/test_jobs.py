from __future__ import annotations

import json
from typing import get_args

import pytest

from clipnet import jobs

CLIP = "0193c0de-0000-4000-8000-000000000001"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_every_type_has_a_policy_and_a_payload() -> None:
    names = set(get_args(jobs.JobName))

    assert names == set(jobs.POLICIES) == set(jobs.PAYLOADS)
    assert {policy.queue for policy in jobs.POLICIES.values()} == set(jobs.QUEUES)
    assert all(policy.priority > 0 for policy in jobs.POLICIES.values())


def test_an_id_holds_no_colon_and_changes_with_the_attempt() -> None:
    ids = [jobs.job_id(CLIP, name) for name in jobs.POLICIES] + [jobs.job_id(CLIP, "clip:process", 2)]

    assert jobs.job_id(CLIP, "clip:process") == f"{CLIP}-clip_process"
    assert jobs.job_id(CLIP, "clip:process", 2) == f"{CLIP}-clip_process-2"
    assert not any(":" in identity for identity in ids)
    assert len(set(ids)) == len(ids)


def test_a_job_carries_its_policy_and_its_trace() -> None:
    job = jobs.job("whisper:batch", jobs.ClipPayload(CLIP), subject=CLIP, traceparent=TRACE, delay_ms=250)

    assert (job.queue, job.payload) == ("clipnet-whisper", {"clip": CLIP})
    assert (job.opts["jobId"], job.opts["attempts"], job.opts["delay"]) == (job.id, 3, 250)
    assert job.opts["backoff"] == {"type": "exponential", "delay": 3000}
    assert json.loads(job.opts["tm"]) == {"traceparent": TRACE}
    assert jobs.traceparent_of(job.opts) == TRACE


@pytest.mark.parametrize(
    "opts", [{}, {"tm": None}, {"tm": "no json"}, {"tm": "[]"}, {"tm": '{"traceparent": 5}'}]
)
def test_a_job_without_a_trace_has_none(opts: dict[str, object]) -> None:
    assert jobs.traceparent_of(opts) is None


def test_a_payload_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="takes PostPayload, not ClipPayload"):
        jobs.job("post:youtube", jobs.ClipPayload(CLIP), subject=CLIP)


def test_payloads_are_read_strictly_but_newer_fields_are_ignored() -> None:
    assert jobs.parse_payload("clip:process", {"clip": CLIP, "colour": "red"}) == jobs.ClipPayload(CLIP)
    assert jobs.parse_payload("clipbot:notify", {"event": "e", "text": None}) == jobs.BotPayload(event="e")
    with pytest.raises(ValueError, match="incomplete"):
        jobs.parse_payload("post:youtube", {"clip": CLIP})
    with pytest.raises(ValueError, match="'clip' must be text, not int"):
        jobs.parse_payload("clip:process", {"clip": 7})
