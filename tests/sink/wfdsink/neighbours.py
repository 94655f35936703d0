# SPDX-License-Identifier: LGPL-2.1-or-later
"""Below IP on the P2P group: what the source announces by ARP, and a router that there is none of."""
from __future__ import annotations

import ipaddress
import socket
import struct
import threading
from collections.abc import Callable

_ETH_P_ARP, _ETH_P_IPV6 = 0x0806, 0x86DD
_ALL_NODES = ipaddress.IPv6Address("ff02::1")
_ALL_NODES_MAC = bytes.fromhex("333300000001")
_ICMPV6 = 58


class _Thread(threading.Thread):
    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()
        if self.is_alive():
            self.join()


class AnnouncementListener(_Thread):
    """Notes each ARP announcement (RFC 5227, 3: sender and target are the same address) on any interface."""

    def __init__(self, note: Callable[[str], None]):
        super().__init__()
        self._note = note

    def run(self) -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ARP)) as arp:
            arp.settimeout(0.5)
            while not self._stopping.is_set():
                try:
                    data, (interface, _, kind, *_) = arp.recvfrom(64)
                except (TimeoutError, OSError):
                    continue
                if kind != socket.PACKET_OUTGOING and len(data) >= 28 and data[14:18] == data[24:28]:
                    self._note(f"announced: {ipaddress.IPv4Address(data[14:18])} is at {data[8:14].hex(':')} ({interface})")


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def router_advertisement(mac: bytes) -> bytes:
    """An IPv6 packet: we are a router of high preference, and 2001:db8:77::/64 is here."""
    source = ipaddress.IPv6Address(b"\xfe\x80" + bytes(6) + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:])
    prefix = ipaddress.IPv6Address("2001:db8:77::")
    # RFC 4861, 4.2 and 4.6; RFC 4191, 2.2 (preference in the flags).
    message = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0x08, 1800, 0, 0)
    message += struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 86400, 14400, 0) + prefix.packed
    message += struct.pack("!BB", 1, 1) + mac
    pseudo = source.packed + _ALL_NODES.packed + struct.pack("!IHBB", len(message), 0, 0, _ICMPV6)
    message = message[:2] + struct.pack("!H", _checksum(pseudo + message)) + message[4:]
    return struct.pack("!IHBB", 6 << 28, len(message), _ICMPV6, 255) + source.packed + _ALL_NODES.packed + message


class RouterAdvertiser(_Thread):
    """Sends one every third of a second while it runs."""

    def __init__(self, interface: str):
        super().__init__()
        self._interface = interface

    def run(self) -> None:
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as packets:
            packets.bind((self._interface, _ETH_P_IPV6))
            packet = router_advertisement(packets.getsockname()[4][:6])
            to = (self._interface, _ETH_P_IPV6, 0, 0, _ALL_NODES_MAC)
            while not self._stopping.wait(0.3):
                try:
                    packets.sendto(packet, to)
                except OSError:
                    continue  # the interface is not up yet, or has gone already
