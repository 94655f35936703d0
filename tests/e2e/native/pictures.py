# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads back what the test picture of miracast-umd says: the frame's number and the colours of its bars."""
from __future__ import annotations

import pathlib
import subprocess

from processes import demand

BITS = 32
# Y, U, V of the eight bars (75 %, BT.709, limited range).
BARS = ((180, 128, 128), (168, 44, 136), (145, 147, 44), (133, 63, 52),
        (63, 193, 204), (51, 109, 212), (28, 212, 120), (16, 128, 128))
TOLERANCE = 8
# Between the wandering block and the lower edge nothing ever moves.
STILL_FROM = 15 / 16


def _decode(recording: pathlib.Path, filters: str, *output: str) -> bytes:
    result = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "mpegts", "-i", recording, "-an", "-fps_mode",
                             "passthrough", "-vf", filters, *output, "-f", "rawvideo", "pipe:1"],
                            capture_output=True, check=False)
    demand(result.returncode == 0, f"ffmpeg: {result.stderr.decode('utf-8', 'replace')[-300:]}")
    return result.stdout


def numbers(recording: pathlib.Path, width: int) -> list[int]:
    """The number that is painted into each decoded picture: 32 squares from the upper left corner, white is 1."""
    side = width // BITS
    # A pixel from the middle half of each square, whose edges are even.
    row = _decode(recording, f"format=gray,crop={side * BITS}:{side // 2}:0:{side // 4},scale={BITS}:1:flags=area",
                  "-pix_fmt", "gray")
    return [sum(1 << (BITS - 1 - bit) for bit in range(BITS) if row[at + bit] > 127)
            for at in range(0, len(row) - BITS + 1, BITS)]


def demand_order(found: list[int], least: int, pauses: int = 0) -> None:
    """The frames come in order, none is unreadable, and there are enough different ones."""
    back = [pair for pair in zip(found, found[1:]) if pair[1] < pair[0]]
    demand(not back, f"pictures go back, for example from {back[:1]}")
    demand(len(set(found)) >= least, f"only {len(set(found))} different pictures, {least} wanted")
    # A number that was read wrongly is far away from its neighbours.
    jumps = [(a, b) for a, b in zip(found, found[1:]) if b - a > 60]
    demand(len(jumps) <= pauses, f"numbers jump: {jumps[:3]}")


def demand_colors(recording: pathlib.Path, width: int, height: int, which: int = -1) -> None:
    """The bars have their colours in the last picture, or another one, so range and matrix are right."""
    top = int(height * STILL_FROM) & ~1
    step = width // len(BARS)
    raw = _decode(recording, f"crop={step * len(BARS) & ~1}:{height - top & ~1}:0:{top},format=yuv444p", "-pix_fmt",
                  "yuv444p")
    size = (step * len(BARS) & ~1) * (height - top & ~1)
    at = which * 3 * size % len(raw) if raw else 0
    last = raw[at:at + 3 * size]
    demand(len(last) == 3 * size, "no picture to take the colours from")
    line = step * len(BARS) & ~1
    row = (height - top & ~1) // 2 * line
    for number, wanted in enumerate(BARS):
        at = row + number * step + step // 2
        got = tuple(last[plane * size + at] for plane in range(3))
        demand(all(abs(a - b) <= TOLERANCE for a, b in zip(got, wanted)), f"bar {number} is {got} instead of {wanted}")
