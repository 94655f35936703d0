# SPDX-License-Identifier: LGPL-2.1-or-later
"""MPEG-2 transport stream (ISO/IEC 13818-1): packets, sections, PES. Parsing only; judging is in ts_check."""
from __future__ import annotations

import dataclasses
from typing import Callable, Iterator

PACKET = 188
SYNC = 0x47
WRAP = 1 << 33


@dataclasses.dataclass
class Packet:
    index: int
    pid: int
    unit_start: bool
    continuity: int
    has_payload: bool
    error: bool
    scrambled: bool
    discontinuity: bool
    pcr: int | None                 # 27 MHz units
    payload: bytes
    malformed: str = ""
    raw: bytes = b""


def parse_packet(index: int, raw: bytes) -> Packet:
    pid = (raw[1] & 0x1F) << 8 | raw[2]
    control = raw[3] >> 4 & 3
    packet = Packet(index, pid, bool(raw[1] & 0x40), raw[3] & 0x0F, bool(control & 1), bool(raw[1] & 0x80),
                    bool(raw[3] >> 6), False, None, b"", raw=raw)
    start = 4
    if control == 0:
        packet.malformed = "adaptation_field_control 00"
    if control & 2:
        length = raw[4]
        start = 5 + length
        if start > PACKET or (control == 2 and length != 183):
            packet.malformed = f"adaptation_field_length {length}"
            return packet
        if length:
            packet.discontinuity = bool(raw[5] & 0x80)
            if raw[5] & 0x10:
                if length < 7:
                    packet.malformed = "PCR flag without room for a PCR"
                    return packet
                base = int.from_bytes(raw[6:10], "big") << 1 | raw[10] >> 7
                packet.pcr = base * 300 + ((raw[10] & 1) << 8 | raw[11])
    if packet.has_payload:
        packet.payload = raw[start:]
    return packet


def packets(data: bytes) -> Iterator[Packet]:
    for index in range(len(data) // PACKET):
        yield parse_packet(index, data[index * PACKET:(index + 1) * PACKET])


def crc32(data: bytes) -> int:
    """CRC_32 of 13818-1 Annex A; 0 over a section that includes its own CRC."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc << 8 & 0xFFFFFFFF) ^ _CRC_TABLE[crc >> 24 ^ byte]
    return crc


def _crc_entry(value: int) -> int:
    value <<= 24
    for _ in range(8):
        value = (value << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if value & 0x80000000 else value << 1
    return value


_CRC_TABLE = [_crc_entry(n) for n in range(256)]


def section(packet: Packet) -> bytes | None:
    """A PSI section that fits its packet (WFD's always do); None if it does not."""
    if not packet.unit_start or not packet.payload:
        return None
    start = 1 + packet.payload[0]
    if start + 3 > len(packet.payload):
        return None
    length = (packet.payload[start + 1] & 0x0F) << 8 | packet.payload[start + 2]
    if start + 3 + length > len(packet.payload):
        return None
    return packet.payload[start:start + 3 + length]


def descriptors(data: bytes) -> list[tuple[int, bytes]] | None:
    """[(tag, body)]; None if the loop is malformed."""
    found = []
    while data:
        if len(data) < 2 or len(data) < 2 + data[1]:
            return None
        found.append((data[0], data[2:2 + data[1]]))
        data = data[2 + data[1]:]
    return found


@dataclasses.dataclass
class Stream:
    pid: int
    stream_type: int
    descriptors: list[tuple[int, bytes]] | None


@dataclasses.dataclass
class Pmt:
    program: int
    version: int
    pcr_pid: int
    program_descriptors: list[tuple[int, bytes]] | None
    streams: list[Stream]


def parse_pat(data: bytes) -> dict[int, int] | None:
    """Program number -> PMT PID."""
    if len(data) < 12 or data[0] != 0 or not data[1] & 0x80 or (len(data) - 12) % 4:
        return None
    return {int.from_bytes(data[n:n + 2], "big"): int.from_bytes(data[n + 2:n + 4], "big") & 0x1FFF
            for n in range(8, len(data) - 4, 4)}


def parse_pmt(data: bytes) -> Pmt | None:
    if len(data) < 16 or data[0] != 2 or not data[1] & 0x80:
        return None
    end, info = len(data) - 4, int.from_bytes(data[10:12], "big") & 0x0FFF
    position = 12 + info
    if position > end:
        return None
    pmt = Pmt(int.from_bytes(data[3:5], "big"), data[5] >> 1 & 0x1F, int.from_bytes(data[8:10], "big") & 0x1FFF,
              descriptors(data[12:position]), [])
    while position < end:
        if position + 5 > end:
            return None
        length = int.from_bytes(data[position + 3:position + 5], "big") & 0x0FFF
        if position + 5 + length > end:
            return None
        pmt.streams.append(Stream(int.from_bytes(data[position + 1:position + 3], "big") & 0x1FFF, data[position],
                                  descriptors(data[position + 5:position + 5 + length])))
        position += 5 + length
    return pmt


@dataclasses.dataclass
class Pes:
    """One PES packet. first/last are the indices of its first and last TS packet."""
    pid: int
    stream_id: int
    length: int                     # PES_packet_length as written, 0 = unbounded
    pts: int | None
    dts: int | None
    header_length: int              # PES_header_data_length
    stuffing: int
    aligned: bool
    data: bytes
    first: int
    last: int
    error: str = ""


def _timestamp(data: bytes) -> int:
    return (data[0] >> 1 & 7) << 30 | data[1] << 22 | (data[2] >> 1) << 15 | data[3] << 7 | data[4] >> 1


def parse_pes(pid: int, raw: bytes, first: int, last: int) -> Pes:
    pes = Pes(pid, raw[3] if len(raw) > 3 else 0, 0, None, None, 0, 0, False, b"", first, last)
    if len(raw) < 9 or raw[:3] != b"\0\0\1" or raw[6] >> 6 != 2:
        pes.error = f"no PES header: {raw[:9].hex()}"
        return pes
    pes.length = int.from_bytes(raw[4:6], "big")
    pes.aligned = bool(raw[6] & 4)
    pes.header_length = raw[8]
    pes.data = raw[9 + pes.header_length:]
    flags, used = raw[7] >> 6, 0
    if flags == 1:
        pes.error = "PTS_DTS_flags 01"
    if flags & 2:
        used = 5 if flags == 2 else 10
        if pes.header_length < used or len(raw) < 9 + used:
            pes.error = "header too short for its timestamps"
            return pes
        if raw[9] >> 4 != flags or not (raw[9] & raw[11] & raw[13] & 1):
            pes.error = "timestamp marker bits are wrong"
        pes.pts = _timestamp(raw[9:14])
        if flags == 3:
            pes.dts = _timestamp(raw[14:19])
    pes.stuffing = pes.header_length - used
    return pes


class PesAssembler:
    """Collects TS packets of PES PIDs; deliver(pes) is called when a PES packet is complete."""

    def __init__(self, deliver: Callable[[Pes], None]):
        self._deliver = deliver
        self._open: dict[int, list] = {}            # pid -> [bytearray, first, last, expected size or 0]

    def feed(self, packet: Packet) -> None:
        if packet.unit_start:
            self.flush(packet.pid)
            self._open[packet.pid] = [bytearray(), packet.index, packet.index, 0]
        entry = self._open.get(packet.pid)
        if entry is None:
            return
        entry[0] += packet.payload
        entry[2] = packet.index
        if not entry[3] and len(entry[0]) >= 6:
            length = int.from_bytes(entry[0][4:6], "big")
            entry[3] = length + 6 if length else 0
        if entry[3] and len(entry[0]) >= entry[3]:
            self.flush(packet.pid)

    def flush(self, pid: int | None = None) -> None:
        for key in [pid] if pid is not None else list(self._open):
            entry = self._open.pop(key, None)
            if entry and entry[0]:
                self._deliver(parse_pes(key, bytes(entry[0]), entry[1], entry[2]))


def delta(later: int, earlier: int, wrap: int = WRAP) -> int:
    """later - earlier on a clock that wraps; negative if later really is earlier."""
    return (later - earlier + wrap // 2) % wrap - wrap // 2


class Unwrapper:
    """Turns a wrapping counter into one that only grows."""

    def __init__(self, wrap: int = WRAP):
        self._wrap, self._last = wrap, None

    def __call__(self, value: int) -> int:
        self._last = value if self._last is None else self._last + delta(value, self._last % self._wrap, self._wrap)
        return self._last
