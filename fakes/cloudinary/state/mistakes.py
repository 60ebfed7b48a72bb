"""Errors of delivery that are repeated for a while, as a CDN repeats them.

Source: cloudinary.com/documentation/advanced_url_delivery_options: an error is cached for a minute, and for
twice as long each time it comes again, up to a day.
"""

from collections import OrderedDict
from dataclasses import dataclass

from fakes.kit.clock import Clock
from fakes.kit.errors import ProviderError

FIRST_S = 60.0
LONGEST_S = 86_400.0
_MOST = 1000


@dataclass(frozen=True, slots=True)
class _Kept:
    error: ProviderError
    until_s: float
    lasts_s: float


class Mistakes:
    """The errors of the last requests, bounded and in memory.

    Args:
        clock: Says when one is over.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def find(self, url: str) -> ProviderError | None:
        """The error that an address still answers with, or None."""
        kept = self._kept.get(url)
        if kept is None or self._clock.now() >= kept.until_s:
            return None
        error = kept.error
        return ProviderError(error.status, error.message, code=error.code, headers=error.headers)

    def add(self, url: str, error: ProviderError) -> None:
        """Keep an error, for twice as long as the last one of this address."""
        before = self._kept.pop(url, None)
        lasts_s = min(before.lasts_s * 2, LONGEST_S) if before else FIRST_S
        self._kept[url] = _Kept(error, self._clock.now() + lasts_s, lasts_s)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)

    def remove(self, url: str) -> None:
        """Forget the error of an address that answers again."""
        self._kept.pop(url, None)

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()
