from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from emulator.processes import (
    all_processes,
    connected,
    is_alive,
    listener,
    listening,
    marked,
    memory_bytes,
    process,
    tree,
    uptime_s,
)
from emulator.settings import STACK_MARKER
from tests.emulator.project import PROGRAM, wait_for


def test_this_process_is_known() -> None:
    me = process(os.getpid())

    assert me is not None
    assert (me.parent, is_alive(me.pid, me.started), is_alive(me.pid, me.started + 1)) == (
        os.getppid(),
        True,
        False,
    )
    assert memory_bytes([me.pid]) > 1_000_000
    assert uptime_s(me) > 0


def test_a_process_that_ended_is_none_even_before_it_is_collected() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        wait_for(lambda: process(child.pid) is None, "the child ends")


def test_a_tree_holds_children_and_theirs_but_no_strangers(tmp_path: Path) -> None:
    with _program(tmp_path, "child", "forever") as child:
        wait_for(lambda: len(tree(child.pid, all_processes())) == 2, "the child has a child")

        found = [entry.pid for entry in tree(os.getpid(), all_processes())]

        grandchild = tree(child.pid, all_processes())[-1].pid
        child.kill()
        os.kill(grandchild, 9)
    assert found[0] == os.getpid()
    assert {child.pid, grandchild} <= set(found)


def test_what_was_started_for_a_folder_is_found_in_a_session_of_its_own(tmp_path: Path) -> None:
    with _program(tmp_path, "stray", "forever") as child:
        found = wait_for(lambda: len(both := marked(tmp_path)) == 2 and both, "both are there")
        elsewhere = marked(tmp_path / "other")

        for entry in found:
            os.kill(entry.pid, 9)
    assert child.pid in [entry.pid for entry in found]
    assert elsewhere == ()


def test_sockets_are_traced_to_their_processes() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            me = listener(port)
            clients = [(entry.pid, local) for entry, local in connected(port)]

            assert me is not None
            assert me.pid == os.getpid()
            assert clients == [(os.getpid(), client.getsockname()[1])]
            assert port in listening([me])[me.pid]


def _program(folder: Path, *steps: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), *steps],
        env={STACK_MARKER: str(folder), "TMPDIR": str(folder)},
        start_new_session=True,
    )
