"""What a job's webhook is sent at the job's end, and how often it is tried.

Source: docs.runpod.io/serverless/endpoints/send-requests (webhook notifications); headers as captured.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fakes.kit.webhooks import Delivery
from fakes.runpod import wire
from fakes.runpod.wire import Job

RETRIES_S = (5.0, 15.0)
"""As captured from the service; its documentation says 10 s each time."""


def is_reported(ended: Job) -> bool:
    """Whether the end of a job is told to anybody."""
    # guess: calls were captured at COMPLETED and FAILED; nothing is published of TIMED_OUT and CANCELLED
    return ended.webhook is not None and ended.status in ("COMPLETED", "FAILED")


def delivery(ended: Job, given: Any) -> Delivery:
    """The call that reports the end of a job.

    Args:
        ended: The job at its end; it has a webhook.
        given: The input that it was submitted with.
    """
    assert ended.webhook is not None
    headers = {"Content-Type": "application/json", "User-Agent": "Go-http-client/2.0"}
    if ended.traceparent is not None:
        headers["traceparent"] = ended.traceparent
    return Delivery(
        url=ended.webhook,
        body=wire.webhook_body(ended, given),
        headers=_always(headers),
        retry_after_s=RETRIES_S,
    )


def _always(headers: Mapping[str, str]) -> Callable[[int], Mapping[str, str]]:
    return lambda _attempt: headers
