# SPDX-License-Identifier: LGPL-2.1-or-later
"""A display client without a compositor: two pictures, black and white, and the time at which each was shown.

What the kernel's mode setting interface wants is written out here (drm_mode.h), for there is no library for it in the test
machines' Python. One screen: the first connected connector of the card.
"""
from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import select
import struct

CONNECTED = 1
EVENT_FLAG = 1
FLIP_COMPLETE = 2
MODE = struct.Struct("I10H3I32s")


class Screen:
    """Shows black from the start. close() leaves the card as it was."""

    def __init__(self, node: str):
        self._fd = os.open(node, os.O_RDWR | os.O_CLOEXEC)
        connector, mode, crtc = self._find()
        self.width, self.height = MODE.unpack(mode)[1], MODE.unpack(mode)[6]
        self._crtc = crtc
        self._black, self._white = self._picture(0x00), self._picture(0xFF)
        ids = (ctypes.c_uint32 * 1)(connector)
        self._call(0xA2, "QIIIIIII", ctypes.addressof(ids), 1, crtc, self._black, 0, 0, 0, 1, tail=mode)

    def _call(self, number: int, layout: str, *values, tail: bytes = b"") -> tuple:
        data = bytearray(struct.pack("=" + layout, *values) + tail)
        fcntl.ioctl(self._fd, 3 << 30 | len(data) << 16 | ord("d") << 8 | number, data, True)
        return struct.unpack_from("=" + layout, data)

    def _find(self) -> tuple[int, bytes, int]:
        """(connector, its first mode, a CRTC that can show it)."""
        none = (0,) * 12
        counts = self._call(0xA0, "4Q8I", *none)[4:8]
        lists = [(ctypes.c_uint32 * max(count, 1))() for count in counts]
        self._call(0xA0, "4Q8I", *(ctypes.addressof(one) for one in lists), *counts, 0, 0, 0, 0)
        crtcs, connectors = list(lists[1])[:counts[1]], list(lists[2])[:counts[2]]
        for connector in connectors:
            layout = "4Q12I"
            known = self._call(0xA7, layout, *(0,) * 8, connector, *(0,) * 7)
            modes, encoders = known[4], known[6]
            if known[11] != CONNECTED or not modes or not encoders:
                continue
            table, of = (ctypes.c_char * (MODE.size * modes))(), (ctypes.c_uint32 * encoders)()
            self._call(0xA7, layout, ctypes.addressof(of), ctypes.addressof(table), 0, 0, modes, 0, encoders, 0, connector,
                       *(0,) * 7)
            possible = self._call(0xA6, "5I", of[0], 0, 0, 0, 0)[3]
            return connector, table.raw[:MODE.size], next(crtc for n, crtc in enumerate(crtcs) if possible >> n & 1)
        raise OSError("no connector of the card is connected")

    def _picture(self, byte: int) -> int:
        """A frame buffer that is filled with one value."""
        *_, handle, pitch, size = self._call(0xB2, "6IQ", self.height, self.width, 32, 0, 0, 0, 0)
        offset = self._call(0xB3, "IIQ", handle, 0, 0)[2]
        with mmap.mmap(self._fd, size, offset=offset) as pixels:
            pixels.write(bytes([byte]) * size)
        return self._call(0xAE, "7I", 0, self.width, self.height, pitch, 32, 24, handle)[0]

    def show(self, white: bool, seconds: float = 10.0) -> float:
        """Flips to a picture; when it was shown (CLOCK_MONOTONIC)."""
        self._call(0xB0, "4IQ", self._crtc, self._white if white else self._black, EVENT_FLAG, 0, 0)
        if not select.select([self._fd], [], [], seconds)[0]:
            raise OSError(f"a flip has not ended within {seconds:g} s")
        kind, _, _, whole, micro, _, _ = struct.unpack_from("=IIQIIII", os.read(self._fd, 1024))
        if kind != FLIP_COMPLETE:
            raise OSError(f"event {kind} instead of that of a flip")
        return whole + micro / 1e6

    def close(self) -> None:
        os.close(self._fd)
