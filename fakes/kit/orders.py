"""What the agent that makes deployments real is to do, kept in the fake's store until it asks.

The agent can reach the fakes, and they need not reach it. Without an agent the fake makes the progress up.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fakes.kit.kit import Kit

Action = Literal["deploy", "redeploy", "rollback", "restart", "cancel", "promote", "stop", "reset"]

SCHEMA = """
CREATE TABLE agent_orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, deployment TEXT NOT NULL, body TEXT NOT NULL, files TEXT
);
CREATE INDEX agent_orders_of_deployment ON agent_orders (deployment);
"""


@dataclass(frozen=True, slots=True)
class Order:
    """What the agent is to do.

    Attributes:
        deployment: Id of the deployment that it is about.
        commit: What of the platform's facts on the commit there are, or None.
        files: Absolute folder with the uploaded tree, or None.
    """

    action: Action
    project: str = ""
    service: str = ""
    environment: str = ""
    deployment: str = ""
    commit: Mapping[str, Any] | None = None
    files: Path | None = None


class Agent:
    """Whoever makes deployments real, if there is anybody.

    Args:
        kit: Its store has the tables of `SCHEMA`; its settings say whether there is an agent.
        kept: So many orders are kept, the newest.
    """

    def __init__(self, kit: Kit, kept: int = 1000) -> None:
        self._kit = kit
        self._kept = kept
        self._more = asyncio.Event()

    @property
    def is_there(self) -> bool:
        """Whether deployments are carried out by an agent; otherwise the fake makes their progress up."""
        return self._kit.settings.deployments == "agent"

    def tell(self, order: Order) -> None:
        """Keep an order for the agent; does nothing when there is none."""
        if not self.is_there:
            return
        body = {
            "platform": self._kit.name,
            "project": order.project,
            "service": order.service,
            "environment": order.environment,
            "deployment": order.deployment,
            "commit": None if order.commit is None else dict(order.commit),
            "action": order.action,
            "has_files": order.files is not None,
        }
        files = None if order.files is None else str(order.files)
        number = self._kit.store.execute(
            "INSERT INTO agent_orders (deployment, body, files) VALUES (?, ?, ?)",
            (order.deployment, json.dumps(body), files),
        ).lastrowid
        self._kit.store.execute("DELETE FROM agent_orders WHERE number <= ?", ((number or 0) - self._kept,))
        self._wake()

    def reset(self) -> None:
        """Say that all deployments are forgotten, once the orders are."""
        self.tell(Order("reset"))

    async def orders(self, after: int, wait_s: float) -> dict[str, Any]:
        """The orders behind a number, oldest first; waits for one when there is none.

        `last` is the number of the newest there ever was: less than `after` in a store that is new.
        """
        found = self._behind(after)
        if not found and self._last() >= after:
            more = self._more
            try:
                async with asyncio.timeout(wait_s):
                    await more.wait()
            except TimeoutError:
                pass
            found = self._behind(after)
        return {"orders": found, "last": self._last()}

    def files(self, deployment: str) -> Path | None:
        """The uploaded tree of a deployment, if the agent was told of one and it is still there."""
        row = self._kit.store.one(
            "SELECT files FROM agent_orders WHERE deployment = ? AND files IS NOT NULL"
            " ORDER BY number DESC LIMIT 1",
            (deployment,),
        )
        folder = Path(row["files"]) if row else None
        return folder if folder is not None and folder.is_dir() else None

    def _behind(self, after: int) -> list[dict[str, Any]]:
        rows = self._kit.store.all(
            "SELECT number, body FROM agent_orders WHERE number > ? ORDER BY number", (after,)
        )
        return [{"number": row["number"], **json.loads(row["body"])} for row in rows]

    def _last(self) -> int:
        row = self._kit.store.one("SELECT seq FROM sqlite_sequence WHERE name = 'agent_orders'")
        return int(row["seq"]) if row else 0

    def _wake(self) -> None:
        """Let all go on who wait; who comes later waits for the next time."""
        self._more.set()
        self._more = asyncio.Event()
