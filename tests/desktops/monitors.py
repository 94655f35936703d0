# SPDX-License-Identifier: LGPL-2.1-or-later
"""The monitors that reader plays, and what it saw on them."""
from __future__ import annotations

import json
import pathlib
import struct
import subprocess

from desktop import DesktopError, wait_for

HDMI_A = 11
PREFERRED = PLUG_CURSOR = 1
MODES = ((1280, 720), (1024, 768))
REFRESH = 60000
FAULTS = ("torn", "stale", "reordered", "undamaged")


def edid(width: int, height: int, serial: int = 1) -> bytes:
    """A monitor that prefers this size, and takes 1024x768 as well; all at 60 Hz. All are of one make."""
    blank_x, blank_y = 160, 30
    clock = (width + blank_x) * (height + blank_y) * 60 // 10000
    timing = struct.pack("<H", clock) + bytes([
        width & 255, blank_x, width >> 8 << 4, height & 255, blank_y, height >> 8 << 4,
        48, 32, 3 << 4 | 5, 0, 800 & 255, 450 & 255, 800 >> 8 << 4 | 450 >> 8, 0, 0, 0x18])
    name = b"\0\0\0\xfc\0" + b"Test monitor\n"
    limits = b"\0\0\0\xfd\0" + bytes([24, 75, 15, 90, 15, 0]) + b"\n      "
    base = bytes.fromhex("00ffffffffffff0035a30100") + struct.pack("<I", serial) + \
        bytes.fromhex("011e010380502d780eee91a3544c99260f5054")
    block = base + bytes([0, 0x08, 0]) + b"\1" * 16 + timing + name + limits + b"\0\0\0\x10" + bytes(14) + b"\0"
    return block + bytes([-sum(block) % 256])


def plug_input(width: int, height: int) -> bytes:
    """What MIRACAST_CTL_PLUG takes."""
    panel = edid(width, height)
    modes = b"".join(struct.pack("4I", *size, REFRESH, PREFERRED * (size == (width, height))) for size in MODES)
    head = struct.pack("6I", 24, PLUG_CURSOR, len(MODES), 16, len(panel), HDMI_A)
    return head + modes + panel


class Reader:
    """The program reader. It may be killed and another one started at any time."""

    def __init__(self, program: pathlib.Path, out: pathlib.Path, progress: list[pathlib.Path], in_place: bool):
        options = ["-i"] if in_place else []
        with open(out / "reader.log", "ab") as log:
            self.process = subprocess.Popen([program, *options, out, *progress], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=log, text=True)

    def ask(self, *words) -> dict:
        try:
            print(*words, file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError) as error:
            raise DesktopError(f"reader is gone, see reader.log ({error})") from error

    def order(self, *words) -> None:
        error = self.ask(*words)["error"]
        if error:
            raise DesktopError(f"reader: {words[0]}: errno {error}")

    def plug(self, monitor: int, size: tuple[int, int]) -> None:
        self.order("plug", monitor, plug_input(*size).hex())

    def unplug(self, monitor: int) -> None:
        self.order("unplug", monitor)

    def judge(self, monitor: int, judged: bool) -> None:
        self.order("judge", monitor, int(judged))

    def stats(self, monitor: int = 0) -> dict:
        stats = self.ask("stats", monitor)
        for fault in FAULTS:
            if stats[fault]:
                raise DesktopError(f"monitor {monitor}: {stats[fault]} {fault} pictures, see reader.log; {stats}")
        return stats

    def wait_mode(self, monitor: int, size: tuple[int, int]) -> None:
        wait_for(f"the desktop sets {size} on monitor {monitor}", 40, lambda: size == (
            (stats := self.stats(monitor))["width"], stats["height"]))

    def collect(self, monitor: int, pictures: int) -> dict:
        """So many numbered pictures from now on."""
        wanted = self.stats(monitor)["pictures"] + pictures
        return wait_for(f"{pictures} numbered pictures on monitor {monitor}", 30 + pictures / 2, lambda: (
            stats := self.stats(monitor))["pictures"] >= wanted and stats)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
