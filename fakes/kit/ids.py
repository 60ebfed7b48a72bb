"""Identifiers that repeat from one seed, so that two runs hand out the same ids and tokens."""

import random
import string
import uuid

_LOWER = string.ascii_lowercase + string.digits
_URL_SAFE = string.ascii_letters + string.digits + "-_"


class Ids:
    """Seeded source of ids.

    Args:
        seed: The same seed gives the same sequence of ids.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = random.Random(seed)

    def reset(self) -> None:
        """Start the sequence again."""
        self._random = random.Random(self._seed)

    def resume(self, opened: int) -> None:
        """Go on with another sequence after a restart, because the rows of the first one are still stored."""
        self._random = random.Random(f"{self._seed}/{opened}")

    def text(self, length: int, alphabet: str = _LOWER) -> str:
        """`length` characters out of `alphabet` (lower-case letters and digits by default)."""
        return "".join(self._random.choices(alphabet, k=length))

    def url_safe(self, length: int) -> str:
        """`length` characters of the URL-safe base64 alphabet."""
        return self.text(length, _URL_SAFE)

    def hex(self, length: int) -> str:
        """`length` lower-case hex digits."""
        return self.text(length, "0123456789abcdef")

    def digits(self, length: int) -> str:
        """A decimal number of exactly `length` digits, as text."""
        return self.text(1, "123456789") + self.text(length - 1, string.digits)

    def uuid(self) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def chance(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()
