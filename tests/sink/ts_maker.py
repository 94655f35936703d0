# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hand-made WFD transport streams for the self tests: correct by default, with one thing wrong on request.

Kept apart from wfdsink/mpegts.py, which parses: this builds, so that the two check each other.
"""
from __future__ import annotations

import dataclasses
import functools
import struct
import subprocess
import zlib
from typing import Callable

# 640x480, CBP, level 3.1. The slices are no pictures: the transport checks decode nothing.
SPS = bytes.fromhex("6742c01fda0280f6c044000003000400000300503c60ca80")
PPS = bytes.fromhex("68ce3c80")
AUD = bytes.fromhex("09f0")
IDR_SLICE = bytes.fromhex("65888400ff")
P_SLICE = bytes.fromhex("419a0200ff")
HRD = bytes([0x7E, 0x1F])
START = b"\0\0\0\1"


@functools.lru_cache(maxsize=None)
def _crc_table() -> list[int]:
    """The MPEG-2 CRC is the bit-reversed zlib polynomial; built from zlib to stay independent of the parser."""
    reverse = lambda value, bits: int(f"{value:0{bits}b}"[::-1], 2)
    return [reverse(zlib.crc32(bytes([reverse(n, 8)]), 0xFFFFFFFF) ^ 0xFFFFFFFF, 32) for n in range(256)]


def crc(data: bytes) -> int:
    value = 0xFFFFFFFF
    table = _crc_table()
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ table[(value >> 24) ^ byte] ^ table[0]
    return value


def _section(table_id: int, body: bytes, break_crc: bool = False) -> bytes:
    data = bytes([table_id]) + struct.pack("!H", 0xB000 | len(body) + 4) + body
    return data + struct.pack("!I", crc(data) ^ (1 if break_crc else 0))


def access_unit(idr: bool) -> bytes:
    parts = [AUD, SPS, PPS, IDR_SLICE] if idr else [AUD, P_SLICE]
    return b"".join(START + part for part in parts)


@functools.lru_cache(maxsize=None)
def encoded_units(width: int = 640, height: int = 480, frames: int = 10, rate: int = 10, graph: str = "") -> list[bytes]:
    """Real access units: CBP, one slice, an AUD each, IDR every 5th."""
    graph = graph or f"testsrc2=size={width}x{height}:rate={rate}"
    stream = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", graph, "-frames:v", str(frames),
         "-pix_fmt", "yuv420p", "-c:v", "libx264", "-profile:v", "baseline", "-level", "3.1", "-preset",
         "ultrafast", "-tune", "zerolatency", "-qp", "12", "-x264-params",
         "aud=1:keyint=5:scenecut=0:slices=1:sliced-threads=0:threads=1:force-cfr=0", "-bsf:v", "filter_units=remove_types=6",
         "-f", "h264", "pipe:1"], capture_output=True, check=True).stdout
    return [START + AUD[:1] + part for part in stream.split(START + AUD[:1])[1:]]


@functools.lru_cache(maxsize=None)
def pcm(samples: int, at: int = 0) -> bytes:
    """A 1 kHz square wave, 48 kHz stereo."""
    return b"".join(struct.pack("!hh", *(8000 if (at + n) // 24 % 2 else -8000,) * 2) for n in range(samples))


@dataclasses.dataclass
class Maker:
    """Builds datagram payloads. Every public field is something a test may get wrong."""
    pmt_pid: int = 0x0100
    pcr_pid: int = 0x1000
    video_pid: int = 0x1011
    audio: bool | str = False           # the codec; True is LPCM
    video_descriptors: bytes = b"\x28\x04" + SPS[1:4] + b"\x3f" + b"\x2a\x02" + HRD
    lpcm_descriptor: bytes = b"\x83\x02\x46\x2f"
    lpcm_length: int = 0x078E
    lpcm_rate: int = 48000
    break_crc: str = ""
    lead: int = 9000                    # PTS ahead of PCR, 90 kHz
    psi_every: int = 1                  # frames between PAT/PMT/PCR
    start: int = 900000                 # 90 kHz
    clock: Callable[[int], int] = int   # what the PCR says at a time, 90 kHz
    marked: tuple[int, ...] = ()        # times at which it says that it is discontinuous

    def __post_init__(self) -> None:
        self._continuity: dict[int, int] = {}

    def _packet(self, pid: int, payload: bytes, unit_start: bool, adaptation: bytes = b"") -> bytes:
        count = self._continuity.get(pid, 15 if payload else 0)
        if payload:
            count = (count + 1) & 15
        self._continuity[pid] = count
        room = 184 - len(payload)
        field = b""
        if room == 1 and not adaptation:
            field = b"\0"
        elif room or adaptation:
            field = bytes([room - 1]) + (adaptation or b"\0")
            field += b"\xff" * (room - len(field))
        control = (2 if field else 0) | (1 if payload else 0)
        return bytes([0x47, (0x40 if unit_start else 0) | pid >> 8, pid & 0xFF, control << 4 | count]) + field + payload

    def psi(self, now: int) -> list[bytes]:
        pat = _section(0, b"\0\1\xc1\0\0" + struct.pack("!HH", 1, 0xE000 | self.pmt_pid), self.break_crc == "pat")
        streams = self._stream(0x1B, self.video_pid, self.video_descriptors)
        if self.audio:
            streams += self._stream(*{"AAC": (0x0F, 0x1100, b"\x2b\x03\x52\x90\x0c"), "AC3": (0x81, 0x1100, b"")}.get(
                self.audio, (0x83, 0x1100, self.lpcm_descriptor)))
        pmt = _section(2, b"\0\1\xc1\0\0" + struct.pack("!HH", 0xE000 | self.pcr_pid, 0xF000) + streams,
                       self.break_crc == "pmt")
        told = self.clock(now)
        pcr = (b"\x90" if now in self.marked else b"\x10") + struct.pack("!IH", told >> 1 & 0xFFFFFFFF,
                                                                         (told & 1) << 15 | 0x7E00)
        return [self._packet(0, (b"\0" + pat).ljust(184, b"\xff"), True),
                self._packet(self.pmt_pid, (b"\0" + pmt).ljust(184, b"\xff"), True),
                self._packet(self.pcr_pid, b"", False, pcr)]

    @staticmethod
    def _stream(kind: int, pid: int, descriptors: bytes) -> bytes:
        return bytes([kind]) + struct.pack("!HH", 0xE000 | pid, 0xF000 | len(descriptors)) + descriptors

    @staticmethod
    def _stamp(pts: int) -> bytes:
        return bytes([0x21 | pts >> 29 & 0x0E, pts >> 22 & 0xFF, pts >> 14 & 0xFE | 1, pts >> 7 & 0xFF, pts << 1 & 0xFE | 1])

    def _pes(self, pid: int, header: bytes, data: bytes) -> list[bytes]:
        raw = header + data
        return [self._packet(pid, raw[at:at + 184], at == 0) for at in range(0, len(raw), 184)]

    def video(self, unit: bytes, pts: int) -> list[bytes]:
        return self._pes(self.video_pid, b"\0\0\1\xe0\0\0\x84\x80\5" + self._stamp(pts), unit)

    def lpcm(self, samples: bytes, pts: int) -> list[bytes]:
        head = b"\0\0\1\xbd" + struct.pack("!H", self.lpcm_length) + b"\x84\x80\7" + self._stamp(pts) + b"\xff\xff"
        return self._pes(0x1100, head, b"\xa0\6\0" + (b"\x11" if self.lpcm_rate == 48000 else b"\x09") + samples)

    def sound(self, unit: bytes, pts: int) -> list[bytes]:
        """An audio unit of whatever codec there is."""
        pts %= 1 << 33
        if self.audio in (True, "LPCM"):
            return self.lpcm(unit, pts)
        head = b"\0\0\1" + (b"\xc0" if self.audio == "AAC" else b"\xbd") + struct.pack("!H", len(unit) + 8)
        return self._pes(0x1100, head + b"\x84\x80\5" + self._stamp(pts), unit)

    def frame(self, number: int, unit: bytes, now: int) -> list[bytes]:
        """All TS packets of one frame time (100 ms apart at most)."""
        packets = self.psi(now) if number % self.psi_every == 0 else []
        packets += self.video(unit, (now + self.lead) % (1 << 33))
        if self.audio:
            for part in range(8):
                packets += self.lpcm(pcm(480), (now + self.lead + part * 900) % (1 << 33))
        return packets

    def stream(self, frames: int = 12, step: int = 7200, units: list[bytes] | None = None) -> bytes:
        units = units or [access_unit(n % 5 == 0) for n in range(frames)]
        return b"".join(b"".join(self.frame(n, units[n % len(units)], self.start + n * step)) for n in range(frames))


def datagrams(packets: list[bytes]) -> list[bytes]:
    return [b"".join(packets[at:at + 7]) for at in range(0, len(packets), 7)]


def rtp_packet(seq: int, timestamp: int, payload: bytes, ssrc: int = 0x1234, payload_type: int = 33) -> bytes:
    return struct.pack("!BBHII", 0x80, payload_type, seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload
