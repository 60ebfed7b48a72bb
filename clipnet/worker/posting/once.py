"""Sends a message once where no idempotency key is known: leave a trace, and look before sending again.

The trace is written before the call, and taken back when the platform says that it did not take the message.
So an attempt that finds a trace follows one that was killed, or got no answer: the message may be there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from clipnet.clock import Clock
from clipnet.worker.errors import Permanent, Postponed
from clipnet.worker.posting.order import Order, Posted

_TRACE: Final = "sending since "


class Unsure(Postponed):
    """It is too early to say whether an earlier attempt got through."""


def began(order: Order) -> datetime | None:
    """Return when an earlier attempt began to send whose outcome is not known."""
    told, _, moment = (order.remembered or "").partition(_TRACE)
    return datetime.fromisoformat(moment) if not told and moment else None


async def leave_trace(order: Order, clock: Clock) -> None:
    """Write down that the message is being sent from now on."""
    await order.remember(f"{_TRACE}{clock.now().isoformat()}")


async def once(
    order: Order,
    clock: Clock,
    find: Callable[[datetime], Awaitable[Posted | None]],
    send: Callable[[], Awaitable[Posted]],
) -> Posted:
    """Return the message that an earlier attempt sent, or send it.

    Args:
        order: What to send.
        clock: What the trace is dated by.
        find: Looks at the platform for a message sent since then; None if it is not there.
        send: Sends it; `Permanent` and `Postponed` say that the platform did not take it.
    """
    since = began(order)
    if since is not None and (found := await find(since)) is not None:
        return found
    await leave_trace(order, clock)
    try:
        return await send()
    except Unsure:
        raise
    except (Permanent, Postponed):
        await order.remember(None)
        raise
