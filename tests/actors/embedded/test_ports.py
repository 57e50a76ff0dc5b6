"""A taken port is refused before anything starts, and its holder is named."""

from __future__ import annotations

import os
import socket

import pytest

from actors.embedded.ports import Wanted, free_ports, is_free, listeners, refuse_taken
from engine.errors import ConfigurationError


def test_free_ports_are_all_different_and_can_be_bound() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    refuse_taken(Wanted("RAYCHARGE_OCPP_PORT", "127.0.0.1", port) for port in ports)


@pytest.mark.parametrize("shared", [False, True], ids=["plain", "by SO_REUSEPORT"])
def test_a_port_on_which_someone_listens_is_refused_by_name_and_setting(shared: bool) -> None:
    [port] = free_ports(1)
    with socket.socket() as other:
        if shared:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("0.0.0.0", port))
        other.listen()
        with pytest.raises(ConfigurationError, match=rf"{port} is taken by process {os.getpid()} .*OCPP_PORT"):
            refuse_taken([Wanted("RAYCHARGE_OCPP_PORT", "127.0.0.1", port)])
        assert [found.pid for found in listeners(port)] == [os.getpid()]
    refuse_taken([Wanted("RAYCHARGE_OCPP_PORT", "127.0.0.1", port)])


def test_connections_that_a_dead_server_left_behind_do_not_make_its_port_taken() -> None:
    [port] = free_ports(1)
    with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port)):
        accepted, _ = server.accept()
        accepted.close()
    assert is_free("127.0.0.1", port)


def test_all_taken_ports_are_told_at_once_and_one_given_twice_too() -> None:
    [port, twice] = free_ports(2)
    named = [("RAYCHARGE_OCPP_PORT", port), ("RAYCHARGE_API_PORT", twice), ("RAYCHARGE_CLICKHOUSE_PORT", twice)]
    wanted = [Wanted(setting, "127.0.0.1", number) for setting, number in named]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(ConfigurationError) as refused:
        refuse_taken(wanted)
    assert "RAYCHARGE_OCPP_PORT" in str(refused.value)
    assert f"Port {twice} is given to two servers" in str(refused.value)


def test_an_address_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="RAYCHARGE_BIND"):
        refuse_taken([Wanted("RAYCHARGE_API_PORT", "192.0.2.1", free_ports(1)[0])])
