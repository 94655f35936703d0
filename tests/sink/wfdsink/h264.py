# SPDX-License-Identifier: LGPL-2.1-or-later
"""H.264 byte streams (Annex B): NAL units and the few SPS, PPS and slice header fields WFD has rules for."""
from __future__ import annotations

import dataclasses
import re

SLICE, IDR, SEI, SPS, PPS, AUD, END_SEQ, END_STREAM, FILLER = 1, 5, 6, 7, 8, 9, 10, 11, 12
_HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128)
_START = re.compile(b"\0\0\1")


def nal_units(data: bytes) -> list[bytes]:
    """NAL units without start codes and trailing zeros."""
    starts = [match.end() for match in _START.finditer(data)]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    return [unit for start, end in zip(starts, ends) if (unit := data[start:end].rstrip(b"\0"))]


class Bits:
    """Reader of an RBSP; emulation prevention bytes are removed first. Raises ValueError past the end."""

    def __init__(self, nal: bytes, limit: int | None = None):
        rbsp = nal[1:limit].replace(b"\0\0\3", b"\0\0")
        self._value, self._size, self._at = int.from_bytes(rbsp, "big"), len(rbsp) * 8, 0

    def u(self, count: int) -> int:
        if self._at + count > self._size:
            raise ValueError("RBSP too short")
        self._at += count
        return self._value >> (self._size - self._at) & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        value = self.ue()
        return (value + 1) // 2 if value & 1 else -(value // 2)


@dataclasses.dataclass(frozen=True)
class Sps:
    profile: int
    constraints: int                # constraint_set0_flag is the top bit
    level: int
    width: int
    height: int
    interlaced: bool
    colour: dict
    timing: tuple[int, int, bool] | None = None     # num_units_in_tick, time_scale, fixed_frame_rate_flag

    def wfd_profile(self) -> str:
        """CBP and CHP as WFD defines them; anything else by number."""
        if self.profile == 66 and self.constraints & 0x40:
            return "CBP"
        if self.profile == 100:
            return "CHP" if self.constraints & 0x0C == 0x0C else "High"
        return {66: "Baseline", 77: "Main"}.get(self.profile, str(self.profile))


def _skip_scaling_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) & 0xFF
        last = following or last


def parse_sps(nal: bytes) -> Sps:
    bits = Bits(nal)
    profile, constraints, level = bits.u(8), bits.u(8), bits.u(8)
    bits.ue()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.ue()
        if chroma == 3:
            bits.u(1)
        bits.ue(), bits.ue(), bits.u(1)
        if bits.u(1):
            for index in range(12 if chroma == 3 else 8):
                if bits.u(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.ue()
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1), bits.se(), bits.se()
        for _ in range(bits.ue()):
            bits.se()
    bits.ue(), bits.u(1)
    width, height = (bits.ue() + 1) * 16, (bits.ue() + 1) * 16
    frames_only = bits.u(1)
    if not frames_only:
        height *= 2
        bits.u(1)
    bits.u(1)
    if bits.u(1):
        left, right, top, bottom = (bits.ue() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (2 - frames_only)
        width -= (left + right) * unit_x
        height -= (top + bottom) * unit_y
    colour, timing = _vui(bits)
    return Sps(profile, constraints, level, width, height, not frames_only, colour, timing)


def _vui(bits: Bits) -> tuple[dict, tuple[int, int, bool] | None]:
    """Colour description and timing of the VUI; empty and None if there are none."""
    if not bits.u(1):
        return {}, None
    if bits.u(1) and bits.u(8) == 255:
        bits.u(32)
    if bits.u(1):
        bits.u(1)
    colour = {}
    if bits.u(1):
        bits.u(3)
        colour = {"full_range": bits.u(1)}
        if bits.u(1):
            colour.update(primaries=bits.u(8), transfer=bits.u(8), matrix=bits.u(8))
    if bits.u(1):
        bits.ue(), bits.ue()
    return colour, (bits.u(32), bits.u(32), bool(bits.u(1))) if bits.u(1) else None


def pps_uses_cabac(nal: bytes) -> bool:
    bits = Bits(nal, 16)
    bits.ue(), bits.ue()
    return bool(bits.u(1))


def slice_header(nal: bytes) -> tuple[int, int]:
    """(first_mb_in_slice, slice type 0 P, 1 B, 2 I, 3 SP, 4 SI)."""
    bits = Bits(nal, 24)
    return bits.ue(), bits.ue() % 5


@dataclasses.dataclass
class AccessUnit:
    """What one PES packet of video holds."""
    nal_types: list[int]
    pictures: int
    slices: int
    idr: bool
    b_slices: int
    sps: list[bytes]
    pps: list[bytes]
    starts_with_aud: bool
    error: str = ""

    def complete_idr(self) -> bool:
        """An IDR whose SPS and PPS come before it in the same access unit."""
        if not self.idr:
            return False
        before = self.nal_types[:self.nal_types.index(IDR)]
        return SPS in before and PPS in before


def access_unit(data: bytes) -> AccessUnit:
    unit = AccessUnit([], 0, 0, False, 0, [], [], False)
    for nal in nal_units(data):
        kind = nal[0] & 0x1F
        unit.nal_types.append(kind)
        if kind in (SLICE, IDR):
            unit.idr |= kind == IDR
            unit.slices += 1
            try:
                first, slice_type = slice_header(nal)
            except ValueError as error:
                unit.error = f"slice header: {error}"
                continue
            unit.pictures += first == 0
            unit.b_slices += slice_type == 1
        elif kind == SPS:
            unit.sps.append(nal)
        elif kind == PPS:
            unit.pps.append(nal)
    unit.starts_with_aud = unit.nal_types[:1] == [AUD]
    return unit
