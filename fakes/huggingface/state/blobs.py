"""Contents of files, by their SHA-256, and the trees that deployments are made of."""

import hashlib
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from fakes.kit.spool import Spool

_TREES = "trees"
_PARTIAL = ".upload"


class Blobs:
    """A folder with a file for each content.

    Args:
        folder: Where they lie; None for a temporary folder that `close` removes.
    """

    def __init__(self, folder: Path | None) -> None:
        self.spool = Spool(folder)

    def put(self, content: bytes) -> str:
        """Keep a content; its SHA-256 as lower-case hex."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        if not path.exists():
            partial = self.spool.path(f"{sha256}{_PARTIAL}")
            partial.write_bytes(content)
            partial.replace(path)
        return sha256

    def path(self, sha256: str) -> Path:
        """Where a content lies, whether or not it is there."""
        return self.spool.path(sha256)

    def has(self, sha256: str) -> bool:
        """Whether a content is there."""
        return self.path(sha256).is_file()

    def partial(self, upload: str) -> str:
        """Name in the spool of a content that is being uploaded."""
        return f"{upload}{_PARTIAL}"

    def settle(self, upload: str, sha256: str) -> None:
        """Keep what was uploaded."""
        self.spool.path(self.partial(upload)).replace(self.path(sha256))

    def check_out(self, deployment: str, files: Mapping[str, str]) -> None:
        """Copy a tree (path -> SHA-256) into a deployment's folder; who gets it may change what is there."""
        for name, sha256 in files.items():
            target = self.tree(deployment) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path(sha256), target)

    def tree(self, deployment: str) -> Path:
        """Absolute path of a deployment's folder."""
        return (self.spool.path(_TREES) / deployment).absolute()

    def keep_only(self, contents: Collection[str], deployments: Collection[str]) -> None:
        """Remove what no row names any more."""
        for path in self.spool.path(_TREES).parent.iterdir():
            if path.name not in contents and path.is_file():
                path.unlink()
        trees = self.spool.path(_TREES)
        for tree in trees.iterdir() if trees.is_dir() else ():
            if tree.name not in deployments:
                shutil.rmtree(tree)

    def close(self) -> None:
        """Remove what is temporary."""
        self.spool.close()
