"""Compares the settings of this stack with those of production: same names, no shared secret, nothing alike.

Decides only; where values come from is `plan.py`'s and `environments.py`'s business. No secret is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from emulator.environments import Entry, digest
from emulator.errors import CheckFailed
from emulator.profiles import OPTIONAL, SETTINGS, Setting, setting


class Verdict(Enum):
    """What is found of one setting."""

    MISSING = "missing"
    SHARED = "shared"
    EQUAL = "equal"
    MISSHAPEN = "misshapen"
    UNPROVEN = "unproven"
    DIFFERENT = "different"
    ALLOWED = "allowed"
    UNTOLD = "untold"

    @property
    def is_drift(self) -> bool:
        """Tell whether somebody has to do something about it."""
        return self in _DRIFT


_DRIFT = frozenset({Verdict.MISSING, Verdict.SHARED, Verdict.EQUAL, Verdict.MISSHAPEN, Verdict.UNPROVEN})


@dataclass(frozen=True, slots=True)
class Finding:
    """One setting in both environments."""

    setting: Setting
    verdict: Verdict
    detail: str

    def to_json(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return {
            "name": self.setting.name,
            "secret": self.setting.is_secret,
            "may_be_equal": self.setting.may_be_equal,
            "verdict": self.verdict.value,
            "drift": self.verdict.is_drift,
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """All settings of both environments."""

    findings: tuple[Finding, ...]

    @property
    def drift(self) -> tuple[Finding, ...]:
        """Those that somebody has to do something about."""
        return tuple(finding for finding in self.findings if finding.verdict.is_drift)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain values."""
        return {"ok": not self.drift, "settings": [finding.to_json() for finding in self.findings]}

    def raise_if_drifted(self) -> None:
        """Raise if there is drift.

        Raises:
            CheckFailed: With every setting that drifted.
        """
        if self.drift:
            lines = "\n".join(f"  - {finding.setting.name} {finding.detail}" for finding in self.drift)
            raise CheckFailed(
                f"staging and production have drifted apart:\n{lines}",
                "correct compose.yaml or the file of production",
            )


def compare(staging: Mapping[str, str], production: Mapping[str, Entry]) -> Comparison:
    """Compare the values of this stack with what is written of production."""
    known = [one.name for one in SETTINGS if one.name not in OPTIONAL]
    names = dict.fromkeys([*known, *staging, *production])
    digests = {digest(value): name for name, value in staging.items() if value and setting(name).is_secret}
    return Comparison(
        tuple(_finding(setting(name), staging.get(name), production.get(name), digests) for name in names)
    )


def _finding(
    one: Setting, staging: str | None, production: Entry | None, digests: Mapping[str, str]
) -> Finding:
    verdict, detail = next(_verdicts(one, staging, production, digests))
    return Finding(one, verdict, detail)


def _verdicts(
    one: Setting, staging: str | None, production: Entry | None, digests: Mapping[str, str]
) -> Iterator[tuple[Verdict, str]]:
    """Yield what there is to say about a setting, the gravest first."""
    if production is None and one.is_for_staging_only:
        yield Verdict.ALLOWED, "is for staging only"
    absent = [name for name, value in (("staging", staging), ("production", production)) if value is None]
    if absent and one.name not in OPTIONAL:
        yield Verdict.MISSING, f"is missing in {' and '.join(absent)}"
    if staging is None or production is None:
        yield Verdict.ALLOWED, "has a default"
        return
    if one.is_secret:
        yield from _secret_verdicts(production, digests)
        return
    if production.value is None:
        if not one.may_be_equal:
            yield Verdict.UNPROVEN, "must differ, and production does not say it"
        yield Verdict.UNTOLD, "may be equal, and production does not say it"
        return
    if one.may_be_equal:
        yield Verdict.ALLOWED, "is equal, as it may be" if production.value == staging else "may be equal"
    if production.value == staging:
        yield Verdict.EQUAL, f"must differ, and is '{staging}' in both"
    if not one.fits_production(production.value):
        yield Verdict.MISSHAPEN, f"is '{production.value}' in production, which is no value of production"
    yield Verdict.DIFFERENT, "differs, as it must"


def _secret_verdicts(production: Entry, digests: Mapping[str, str]) -> Iterator[tuple[Verdict, str]]:
    if production.digest is None:
        yield Verdict.UNPROVEN, "has no digest in production, so nobody can tell whether it is shared"
    elif production.digest in digests:
        yield Verdict.SHARED, f"is a shared secret: production's is staging's {digests[production.digest]}"
    yield Verdict.DIFFERENT, "is not shared"
