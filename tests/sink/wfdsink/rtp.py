# SPDX-License-Identifier: LGPL-2.1-or-later
"""RTP reception: records every datagram and judges it after the session, so that receiving costs little."""
from __future__ import annotations

import csv
import dataclasses
import select
import socket
import struct
import threading
import time
from typing import Callable

from .rules import Findings

TS_SIZE = 188
MAX_TS_PER_DATAGRAM = 7
UDP_PAYLOAD_MTU = 1500 - 28
SO_TIMESTAMPNS = 35
CLOCK = 90000


@dataclasses.dataclass(frozen=True)
class Datagram:
    """One received packet. `t` is its arrival in seconds since the session's start."""
    t: float
    seq: int
    timestamp: int
    ssrc: int
    marker: int
    payload_type: int
    flags: int                      # version, padding, extension, CSRC count
    size: int                       # RTP payload bytes
    recorded: int                   # bytes of it that went into sink.ts
    peer: str = ""


FIELDS = [field.name for field in dataclasses.fields(Datagram)]


def parse(data: bytes) -> tuple[int, int, int, int, int, int, bytes] | None:
    """(flags, marker, payload type, seq, timestamp, ssrc, payload); None if this is no RTP packet."""
    if len(data) < 12:
        return None
    flags, second, seq, timestamp, ssrc = struct.unpack_from("!BBHII", data)
    start = 12 + 4 * (flags & 0x0F)
    if flags & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * struct.unpack_from("!H", data, start + 2)[0]
    end = len(data) - (data[-1] if flags & 0x20 else 0)
    if start > end:
        return None
    return flags, second >> 7, second & 0x7F, seq, timestamp, ssrc, data[start:end]


class Receiver(threading.Thread):
    """Receives on one UDP port into sink.ts. on_payload(payload, t) runs on this thread.

    unseal(datagram), if there is one, gives what was encrypted, or None if it cannot be read.
    """

    def __init__(self, address: str, port: int, ts_path: str, t0: float, on_payload: Callable[[bytes, float], None],
                 unseal: Callable[[bytes], bytes | None] | None = None):
        super().__init__(name="rtp", daemon=True)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((address, port))
        self.port = self._socket.getsockname()[1]
        self.datagrams: list[Datagram] = []
        self.not_rtp = 0
        self.unsealed = 0
        self._unseal = unseal
        self._file = open(ts_path, "wb")
        # The kernel stamps arrivals with the wall clock; t0 is monotonic.
        self._wall_to_t = time.time() - time.monotonic() + t0
        self._on_payload = on_payload
        self._halt = threading.Event()

    def run(self) -> None:
        while not self._halt.is_set():
            if not select.select([self._socket], [], [], 0.2)[0]:
                continue
            data, control, _, peer = self._socket.recvmsg(65536, 64)
            self._record(data, self._arrival(control), f"{peer[0]}:{peer[1]}")

    def _arrival(self, control: list) -> float:
        for level, kind, value in control:
            if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS and len(value) >= 16:
                seconds, nanoseconds = struct.unpack_from("@qq", value)
                return seconds + nanoseconds * 1e-9 - self._wall_to_t
        return time.time() - self._wall_to_t

    def _record(self, data: bytes, t: float, peer: str) -> None:
        if self._unseal:
            opened = self._unseal(data)
            self.unsealed += opened is not None
            data = opened or b""
        packet = parse(data)
        if packet is None:
            self.not_rtp += 1
            return
        flags, marker, payload_type, seq, timestamp, ssrc, payload = packet
        whole = len(payload) - len(payload) % TS_SIZE
        self._file.write(payload[:whole])
        self.datagrams.append(Datagram(round(t, 6), seq, timestamp, ssrc, marker, payload_type, flags & 0xF0,
                                       len(payload), whole, peer))
        self._on_payload(payload[:whole], t)

    def close(self) -> None:
        self._halt.set()
        if self.is_alive():
            self.join()
        self._socket.close()
        self._file.close()


def save(datagrams: list[Datagram], path: str) -> None:
    with open(path, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows(dataclasses.astuple(d) for d in datagrams)


def load(path: str) -> list[Datagram]:
    with open(path, newline="", encoding="ascii") as file:
        rows = csv.DictReader(file)
        return [Datagram(float(r["t"]), *(int(r[name]) for name in FIELDS[1:-1]), r["peer"]) for r in rows]


def check(datagrams: list[Datagram], findings: Findings, expected_peer: str | None = None,
          time_scale: float = 1.0) -> dict:
    """Judges the RTP layer; returns its counters."""
    if not datagrams:
        return {"packets": 0}
    lost = reordered = marked = 0
    first = previous = datagrams[0]
    for packet in datagrams:
        if packet.flags >> 6 != 2:
            findings.add("rtp-version", f"{packet.flags >> 6}", packet.t)
        if packet.payload_type != 33:
            findings.add("rtp-payload-type", str(packet.payload_type), packet.t)
        if packet.ssrc != first.ssrc:
            findings.add("rtp-ssrc", f"{first.ssrc:08x} then {packet.ssrc:08x}", packet.t)
        if packet.size % TS_SIZE or not 0 < packet.size <= MAX_TS_PER_DATAGRAM * TS_SIZE:
            findings.add("rtp-size", f"{packet.size} bytes", packet.t)
        if packet.size + 12 > UDP_PAYLOAD_MTU:
            findings.add("rtp-mtu", f"{packet.size + 12} bytes", packet.t)
        if expected_peer and packet.peer != expected_peer:
            findings.add("rtp-wrong-source", f"{packet.peer} instead of {expected_peer}", packet.t)
        marked += packet.marker
        if packet is first:
            continue
        gap = (packet.seq - previous.seq) & 0xFFFF
        if gap != 1:
            findings.add("rtp-sequence", f"{previous.seq} then {packet.seq}", packet.t)
            if gap < 0x8000:
                lost += gap - 1
            else:
                reordered += 1
        if (packet.timestamp - previous.timestamp) & 0xFFFFFFFF >= 0x80000000:
            findings.add("rtp-timestamp", f"{previous.timestamp} then {packet.timestamp}", packet.t)
        previous = packet
    if marked:
        findings.add("rtp-marker", f"{marked} of {len(datagrams)} packets", first.t)
    seconds = previous.t - first.t
    clock = ((previous.timestamp - first.timestamp) & 0xFFFFFFFF) / CLOCK
    # One second of slack for what the source may hold back at either end, more where time itself is slow.
    if seconds > 3 and abs(clock - seconds) > 1.0 * time_scale:
        findings.add("rtp-clock", f"{clock:.3f} s of RTP time in {seconds:.3f} s")
    payload = sum(p.size for p in datagrams)
    return {"packets": len(datagrams), "bytes": payload, "seconds": round(seconds, 3), "lost": lost,
            "reordered": reordered, "marked": marked, "ssrc": f"{first.ssrc:08x}", "rtp_seconds": round(clock, 3),
            "bits_per_second": round(payload * 8 / seconds) if seconds > 0 else 0,
            "first_t": first.t, "last_t": previous.t, "peer": first.peer}
