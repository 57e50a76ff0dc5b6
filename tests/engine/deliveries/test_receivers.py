"""Who may be reached: public addresses, and private ones that the operator has named; nobody else, however named."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from engine.deliveries.senders.chat import service_of
from engine.deliveries.senders.receivers import Forbidden, Receivers
from engine.errors import InvalidInput

PUBLIC = ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946")
INSIDE = (
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1"),
    *("255.255.255.255", "::1", "fe80::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::"),
    *("64:ff9b::a9fe:a9fe", "2002:7f00:0001::", "ff02::1", "192.0.2.1", "2001:db8::1"),
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_reached(address: str) -> None:
    assert Receivers().allows(ip_address(address))


@pytest.mark.parametrize("address", INSIDE)
def test_inner_ones_may_not_however_they_are_written(address: str) -> None:
    assert not Receivers().allows(ip_address(address))
    assert not Receivers.of("10.9.0.0/16").allows(ip_address(address))


def test_named_private_networks_may_be_reached_and_no_others() -> None:
    some = Receivers.of("10.1.0.0/16, fd12::/16")
    assert [some.allows(ip_address(each)) for each in ("10.1.2.3", "10.2.2.3", "fd12::5", "::ffff:10.1.2.3")] == [
        *(True, False, True, True)
    ]


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "example.org",
            "ftp://example.org/x",
            "https://",
            "https:///x",
            "https://a b/",
            "https://u:p@example.org/",
        ),
        *("http://example.org/", "https://example.org:99999/", "https://example.org/\n", "https://" + "a" * 2001),
    ],
)
def test_what_is_no_address_of_a_webhook_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Receivers().check_url(url)
    assert refused.value.field == "address"
    assert refused.value.remedy


def test_http_is_for_whoever_has_named_private_networks() -> None:
    Receivers().check_url("https://example.org/hook")
    Receivers.of("10.0.0.0/8").check_url("http://csms.internal/hook")


async def test_a_name_that_leads_to_us_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[str] = []

    def leads(*_args: Any, **_more: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in answers]

    monkeypatch.setattr(socket, "getaddrinfo", leads)
    answers[:] = ["93.184.216.34"]
    assert await Receivers().resolve("example.org", 443, encrypted=True) == "93.184.216.34"
    answers[:] = ["93.184.216.34", "169.254.169.254"]
    with pytest.raises(Forbidden, match=r"169\.254"):
        await Receivers().resolve("example.org", 443, encrypted=True)
    answers[:] = ["93.184.216.34"]
    with pytest.raises(Forbidden, match="http is"):
        await Receivers.of("10.0.0.0/8").resolve("example.org", 80, encrypted=False)


@pytest.mark.parametrize(
    "url",
    [
        *("", "nothing", "nosuch://x", "syslog://", "dbus://", "windows://", "macosx://", "gnome://"),
        *("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd", "json://" + "a" * 2001),
        "mailto://u:p@example.org?pgpkey=/etc/shadow",
    ],
)
def test_services_of_this_machine_and_its_files_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        service_of(url)
    assert refused.value.field == "address"


def test_what_an_address_says_of_retries_and_redirects_does_not_count() -> None:
    service = service_of("json://example.org/?retry=5&redirect=yes&rto=300")
    assert (service.service_retry, service.redirects, service.socket_read_timeout) == (0, False, 4.0)
