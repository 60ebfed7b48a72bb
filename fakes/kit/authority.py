"""A certificate authority for real host names: it vouches for them once, and its key is thrown away.

Nothing can be signed with it any more, and clients that trust it still take its word for no other name.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LIFE_DAYS = 825
RENEWED_BEFORE_DAYS = 90
_DAY_S = 86_400
_CERTIFI = '''"""Takes the place of certifi: the authority of the fakes is all that is trusted."""

from pathlib import Path


def where() -> str:
    """Return the path of the certificate."""
    return str(Path(__file__).parents[2] / {name!r})


def contents() -> str:
    """Return the certificate."""
    return Path(where()).read_text()
'''


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of PEM: whom to trust, what the server shows, and its key."""

    ca: Path
    chain: Path
    key: Path


def certificate(folder: Path, hosts: Sequence[str], now_s: float) -> Certificate:
    """Return the certificate for these hosts that is in the folder; make one where none will do.

    Another list of hosts, an end that comes near, and files that are gone are reasons to make a new one. Of
    several processes that start at once, one makes it.
    """
    found = Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        if not _will_do(folder, found, hosts, now_s):
            _make(folder, found, hosts, now_s)
    return found


def publish(ca: Path, path: Path) -> None:
    """Put a copy of the authority's certificate where others read it, whole at any moment.

    Beside it, in `python`, lies a module for the PYTHONPATH of programs that ask certifi alone whom to trust.
    """
    _put(path, ca.read_bytes())
    _put(path.parent / "python" / "certifi" / "__init__.py", _CERTIFI.format(name=path.name).encode())


def _make(folder: Path, found: Certificate, hosts: Sequence[str], now_s: float) -> None:
    from fakes.kit.certificates import issued  # late: 80 ms that a stack without TLS never pays

    _about(folder).unlink(missing_ok=True)
    made = issued(sorted(hosts), now_s, LIFE_DAYS)
    for path, content in zip((found.ca, found.chain, found.key), made, strict=True):
        _write(path, content, 0o600 if path == found.key else 0o644)
    about = {"hosts": sorted(hosts), "expires_s": now_s + LIFE_DAYS * _DAY_S}
    _write(_about(folder), json.dumps(about).encode(), 0o644)  # last: what it tells of is there by then


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes out meanwhile; one that ends lets go. The folder need not be one to write to."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return
    _write(path, content, 0o644)


def _about(folder: Path) -> Path:
    return folder / "issued.json"


def _will_do(folder: Path, found: Certificate, hosts: Sequence[str], now_s: float) -> bool:
    try:
        about = json.loads(_about(folder).read_text())
        lasts_s = about["expires_s"] - now_s
        is_same = about["hosts"] == sorted(hosts)
    except (OSError, ValueError, KeyError, TypeError):
        return False
    is_whole = all(path.is_file() for path in (found.ca, found.chain, found.key))
    return is_whole and is_same and RENEWED_BEFORE_DAYS * _DAY_S < lasts_s <= LIFE_DAYS * _DAY_S


def _write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file by one that nobody sees half written, and that never had more rights than it has."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
