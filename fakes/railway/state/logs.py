"""Lines that builds and deployments wrote, and the filter that finds them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fakes.kit.deployments import Line
from fakes.kit.kit import Kit

SCHEMA = """
CREATE TABLE logs (
    deployment_id TEXT NOT NULL, environment_id TEXT NOT NULL, service_id TEXT NOT NULL, at_s REAL NOT NULL,
    stage TEXT NOT NULL, severity TEXT NOT NULL, message TEXT NOT NULL, attributes TEXT NOT NULL
);
CREATE INDEX logs_by_deployment ON logs (deployment_id, stage);
CREATE INDEX logs_by_environment ON logs (environment_id, stage)
"""
MOST = 5000
_SEVERITIES = {"warning": "warn", "err": "error", "critical": "error", "fatal": "error"}
_TERM = re.compile(r'(-?)(?:@([\w.]+):)?(?:"([^"]*)"|(\(|\)|[^\s()]+))')


@dataclass(frozen=True, slots=True)
class Written:
    """One line as it is stored; `attributes` are the other keys of a structured line."""

    deployment_id: str
    environment_id: str
    service_id: str
    at_s: float
    stage: str
    severity: str
    message: str
    attributes: Mapping[str, str]


class Logs:
    """All lines.

    Args:
        kit: The store.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def write(self, deployment: tuple[str, str, str], lines: Sequence[Line], at_s: float) -> None:
        """Write lines of a deployment, given by its id and those of its environment and service."""
        rows = []
        for line in lines:
            message, severity, attributes = structured(line)
            rows.append((*deployment, at_s, line.stage, severity, message, json.dumps(attributes)))
        self._kit.store.execute_many("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def of_deployment(self, deployment_id: str, stage: str) -> list[Written]:
        """Lines of a deployment, oldest first."""
        return self._lines("deployment_id", deployment_id, stage)

    def of_environment(self, environment_id: str) -> list[Written]:
        """What an environment's deployments wrote while they ran, oldest first."""
        return self._lines("environment_id", environment_id, "deploy")

    def delete_within(self, column: str, value: str) -> None:
        """Delete those of a service or an environment, by the name of its column."""
        self._kit.store.execute(f"DELETE FROM logs WHERE {column} = ?", (value,))  # noqa: S608 - own names

    def _lines(self, column: str, value: str, stage: str) -> list[Written]:
        rows = self._kit.store.all(
            f"SELECT * FROM (SELECT rowid AS number, * FROM logs WHERE {column} = ? AND stage = ?"  # noqa: S608 - own names
            " ORDER BY at_s DESC, number DESC LIMIT ?) ORDER BY at_s, number",
            (value, stage, MOST),
        )
        return [
            Written(
                row["deployment_id"],
                row["environment_id"],
                row["service_id"],
                row["at_s"],
                row["stage"],
                row["severity"],
                row["message"],
                json.loads(row["attributes"]),
            )
            for row in rows
        ]


def structured(line: Line) -> tuple[str, str, dict[str, str]]:
    """Message, severity and attributes of a line: one of JSON has them inside (docs.railway.com: Logs)."""
    try:
        read = json.loads(line.message) if line.message.startswith("{") else None
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict) or not isinstance(read.get("message", read.get("msg")), str):
        return line.message, line.severity, {"level": line.severity}
    message = str(read.pop("message", None) or read.pop("msg", ""))
    level = str(read.pop("level", line.severity)).lower()
    severity = _SEVERITIES.get(level, level)
    return message, severity, {"level": severity, **{name: json.dumps(value) for name, value in read.items()}}


def matching(text: str | None, service_names: Mapping[str, str]) -> Callable[[Written], bool]:
    """A filter in Railway's language: phrases, `@level:error`, `@service:api`, `@name:value`, AND, OR, `-`.

    Args:
        text: The filter; nothing lets all pass.
        service_names: Names by ids, for `@service`.
    """
    alternatives: list[list[Callable[[Written], bool]]] = [[]]
    for sign, field, phrase, word in _TERM.findall(text or ""):
        if word in ("AND", "(", ")"):
            continue
        if word == "OR":
            alternatives.append([])
            continue
        alternatives[-1].append(_term(sign == "-", field, phrase or word, service_names))
    return lambda line: any(all(term(line) for term in terms) for terms in alternatives)


def _term(
    is_not: bool, field: str, value: str, service_names: Mapping[str, str]
) -> Callable[[Written], bool]:
    def holds(line: Written) -> bool:
        known: dict[str, Any] = {
            "level": line.severity,
            "service": service_names.get(line.service_id),
            "deployment": line.deployment_id,
        }
        if not field:
            return value.lower() in line.message.lower()
        if field == "service" and line.service_id == value:
            return True
        found = known[field] if field in known else line.attributes.get(field)
        return found is not None and str(found).strip('"') == value

    return lambda line: holds(line) is not is_not
