"""What workers and RunPod tell each other, both ways, and the environment that a worker is started with.

Source: the runpod package 1.12.0, runpod/serverless/modules: rp_job, rp_http, rp_progress, rp_ping.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fakes.kit.bodies import strict_json
from fakes.runpod import errors
from fakes.runpod.heartbeat import INTERVAL_S
from fakes.runpod.wire.jobs import CHUNK_LIMIT_BYTES, hostname

DONE_LIMIT_BYTES = 20_000_000
_COUNT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a job-take asks for.

    Attributes:
        count: How many jobs the worker takes at most.
        is_idle: Whether it says that it is at none.
    """

    count: int
    is_idle: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker says of a job in job-done.

    Attributes:
        is_progress: Whether the job goes on and `output` is what it has so far.
        is_last: Whether the worker ends after this job.
    """

    output: Any
    error: str | None
    is_progress: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """What a worker adds to a job's stream."""

    output: Any
    size_bytes: int


def asked(query: Mapping[str, str]) -> Asked:
    """Read the query of job-take and job-take-batch.

    Raises:
        ProviderError: It asks for no number of jobs (400).
    """
    count = query.get("batch_size", "1")
    is_short = count.isdecimal() and len(count) <= len(str(_COUNT_LIMIT))
    if not is_short or not 1 <= int(count) <= _COUNT_LIMIT:
        raise errors.bad_body(f"'batch_size' is '{count:.100}'; it must be from 1 to {_COUNT_LIMIT}")
    return Asked(int(count), query.get("job_in_progress") == "0")


def said(body: bytes) -> Said:
    """Read the body of job-done: JSON, whatever its content type says.

    Raises:
        ProviderError: It is no JSON object (400).
    """
    read = _object(body, DONE_LIMIT_BYTES)
    error = read.get("error")
    return Said(
        output=read.get("output"),
        error=error if error is None or isinstance(error, str) else json.dumps(error),
        is_progress=read.get("status") == "IN_PROGRESS",
        is_last=read.get("stopPod") is True,
    )


def chunk(body: bytes) -> Chunk:
    """Read the body of job-stream.

    Raises:
        ProviderError: It is no JSON object with an output (400).
    """
    read = _object(body, CHUNK_LIMIT_BYTES)
    if "output" not in read:
        raise errors.bad_body("the body has no field 'output'")
    return Chunk(read["output"], len(body))


def pinged(query: Mapping[str, str]) -> frozenset[str] | None:
    """The jobs that a heartbeat says its worker is at, or None if it says nothing of that.

    The package names none when there are none. Others may name none at all.
    """
    job_ids = frozenset(filter(None, query.get("job_id", "").split(",")))
    return job_ids if job_ids or "runpod_version" in query else None


def taken_body(job_id: str, given: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """A job as a worker gets it.

    An empty input is left out: as captured, the package then says "Job has missing field(s): id or input.".
    """
    return {"id": job_id, **({"input": given} if given else {}), **request}


def stop_body(job_ids: list[str]) -> dict[str, Any]:
    """The answer of job-stop."""
    return {"jobsToStop": job_ids}


def environment(url: str, endpoint: str, worker_id: str, key: str) -> dict[str, str]:
    """What a worker is started with to serve an endpoint of the fake at `url`.

    `$ID` and `$RUNPOD_POD_ID` are replaced by the package, not by a shell.
    """
    base = f"{url}/v2/{endpoint}"
    return {
        "RUNPOD_WEBHOOK_GET_JOB": f"{base}/job-take/$ID?gpu=FAKE",
        "RUNPOD_WEBHOOK_POST_OUTPUT": f"{base}/job-done/$RUNPOD_POD_ID/$ID?gpu=FAKE",
        "RUNPOD_WEBHOOK_POST_STREAM": f"{base}/job-stream/$RUNPOD_POD_ID/$ID?gpu=FAKE",
        "RUNPOD_WEBHOOK_PING": f"{base}/ping/$RUNPOD_POD_ID",
        "RUNPOD_PING_INTERVAL": str(round(INTERVAL_S * 1000)),
        "RUNPOD_AI_API_KEY": key,
        "RUNPOD_ENDPOINT_ID": endpoint,
        "RUNPOD_POD_ID": worker_id,
        "RUNPOD_POD_HOSTNAME": hostname(worker_id),
        # without a GPU, and without a network to dial out to, the package's own checks end the worker
        "RUNPOD_SKIP_GPU_CHECK": "true",
        "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true",
        # inputs name files of this stack, which is a private address
        "RUNPOD_ALLOW_PRIVATE_DOWNLOAD_URLS": "true",
    }


def _object(body: bytes, limit_bytes: int) -> dict[str, Any]:
    try:
        read = strict_json(body)
    except ValueError as error:
        raise errors.invalid_json(limit_bytes) from error
    if not isinstance(read, dict):
        raise errors.bad_body("the body is not a JSON object")
    return read
