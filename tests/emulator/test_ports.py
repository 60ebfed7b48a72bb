from __future__ import annotations

import os
import socket
from contextlib import ExitStack

import pytest

from emulator.errors import PortTaken
from emulator.ports import allot, beside, default_ports, free_base, is_free, refuse_taken
from emulator.topology import Port

PORTS = (Port("web", 8400, 8400), Port("api", 8401, 8401), Port("mail", 1025, 9025))


def test_the_default_stack_uses_what_compose_publishes() -> None:
    assert default_ports(PORTS) == {"web": 8400, "api": 8401, "mail": 9025}


def test_a_block_moves_all_ports_and_takes_strangers_in() -> None:
    assert allot(PORTS, 20_000) == {"web": 20_000, "api": 20_001, "mail": 20_050}


def test_the_port_beside_those_of_services_is_in_the_same_block() -> None:
    assert beside(PORTS, allot(PORTS, 20_000)) == 20_049
    assert beside(PORTS, default_ports(PORTS)) == 8449


def test_a_free_block_lies_below_the_ephemeral_ports_and_differs_by_stack() -> None:
    bases = {seed: free_base(PORTS, seed) for seed in ("a", "b")}

    assert all(9000 <= base <= 32_668 for base in bases.values())
    assert bases["a"] != bases["b"]


def test_a_block_with_a_taken_port_is_passed_over() -> None:
    base = free_base(PORTS, "c")
    with socket.create_server(("127.0.0.1", base + 1)):
        assert free_base(PORTS, "c") != base


def test_every_taken_port_is_named_with_its_holder(port_base: int) -> None:
    with socket.create_server(("127.0.0.1", port_base)), socket.create_server(("127.0.0.1", port_base + 1)):
        with pytest.raises(PortTaken) as taken:
            refuse_taken({"web": port_base, "api": port_base + 1, "redis": port_base + 2}, "default", {})

        assert not is_free(port_base)
    assert taken.value.what.count(f"is taken by process {os.getpid()} (") == 2
    assert f"port {port_base} of service 'web'" in taken.value.what
    assert "redis" not in taken.value.what


def test_of_many_taken_ports_the_first_are_told_at_length(port_base: int) -> None:
    ports = {name: port_base + index for index, name in enumerate(("web", "api", "postgres", "redis", "x"))}
    with ExitStack() as servers, pytest.raises(PortTaken) as taken:
        for port in ports.values():
            servers.enter_context(socket.create_server(("127.0.0.1", port)))
        refuse_taken(ports, "default", {})

    assert taken.value.what.count("is taken by") == 3
    assert taken.value.what.endswith(f"; so are {port_base + 3}, {port_base + 4}")
