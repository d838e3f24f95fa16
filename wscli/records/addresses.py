"""The addresses in recordings: texts, of which some have no port and some are no IP address."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

Address = IPv4Address | IPv6Address


def split_address(text: str) -> tuple[Address | None, int | None]:
    """Return the IP address and the port of ``HOST:PORT``, None for each that is not valid."""
    if (address := read_address(text)) is not None:  # from a HAR, which has no port
        return address, None
    host, _, port = text.rpartition(":")
    return read_address(host.strip("[]")), int(port) if port.isdecimal() else None


def read_address(text: str) -> Address | None:
    """Return an IP address, or None if it is not one."""
    try:
        return ip_address(text)
    except ValueError:
        return None
