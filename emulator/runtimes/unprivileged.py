"""Runs a program as somebody else than root: PostgreSQL refuses root.

First choice is a user namespace in which root is called `nobody`: it needs no second owner of files.
Where the kernel or a container refuses namespaces, the program gets the uid of `nobody`, keeps the one
capability that lets it reach its folders (CAP_DAC_OVERRIDE), and owns its data folder.
"""

from __future__ import annotations

import ctypes
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emulator.runtimes.spawn import call

_CLONE_NEWUSER = 0x10000000
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True, slots=True)
class Identity:
    """How a program stops being root."""

    kind: str
    """as it is, namespace, or uid."""
    become: Callable[[], None] | None = None
    uid: int | None = None
    gid: int | None = None

    def give(self, folder: Path) -> None:
        """Hand a data folder over to the uid, if there is one."""
        if self.uid is None or self.gid is None:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def identity() -> Identity:
    """Return how a server that refuses root is to be run here."""
    if os.geteuid() != 0:
        return Identity("as it is")
    uid, gid = _nobody()
    if namespaces_work():
        return Identity("namespace", lambda: _enter_namespace(uid, gid))
    return Identity("uid", lambda: _become(uid, gid), uid, gid)


def namespaces_work() -> bool:
    """Try an unprivileged user namespace in a short-lived child."""
    uid, gid = _nobody()
    pid = os.fork()
    if pid == 0:
        try:
            _enter_namespace(uid, gid)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _nobody() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return entry.pw_uid, entry.pw_gid


def _enter_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    call("unshare", _CLONE_NEWUSER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, text.encode())
        os.close(descriptor)


def _become(uid: int, gid: int) -> None:
    call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    bit = 1 << _CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    call("capset", ctypes.byref(header), ctypes.byref(sets))
    call("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
