#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Self test of seen.py: it lets pass what is right, and names each thing that is wrong."""
from __future__ import annotations

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import seen  # noqa: E402

WHO = 1
SMALL, BIG = (640, 480), (800, 600)


def draw(number: int, size: tuple[int, int], old_band: int | None = None, at: tuple[int, int] | None = None) -> bytes:
    """YUV 4:2:0 of a numbered picture; a band may be too old, the cursor may be somewhere."""
    width, height = size
    luma, blue, red = bytearray(b"\x30" * width * height), bytearray(b"\x80" * (width * height // 4)), \
        bytearray(b"\x80" * (width * height // 4))
    cell, band_height = width // (seen.CELLS + 2 * seen.MARGIN), height // seen.BANDS
    for band in range(seen.BANDS):
        value = seen.code(seen.number_of(number, band) - 4 * (band == old_band), band, WHO)
        line = b"".join((b"\xeb" if value >> bit & 1 else b"\x10") * cell for bit in range(seen.CELLS))
        for row in range(band * band_height + seen.MARGIN, (band + 1) * band_height - seen.MARGIN):
            start = row * width + seen.MARGIN * cell
            luma[start:start + len(line)] = line
    if at:
        for row in range(12):
            start = (at[1] // 2 + row) * (width // 2) + at[0] // 2
            red[start:start + 12] = b"\xf0" * 12
    return bytes(luma + blue + red)


class Seen(unittest.TestCase):
    def judged(self, steps: list[dict], *parts: tuple[tuple[int, int], list[bytes]]) -> str:
        """What seen.py says of a recording of these parts, each a size and its pictures."""
        with tempfile.TemporaryDirectory(prefix="seen-") as directory:
            recording = pathlib.Path(directory, "sink-1")
            recording.mkdir()
            with open(recording / "sink.ts", "wb") as file:
                for number, (size, drawn) in enumerate(parts):
                    subprocess.run(
                        ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "{}x{}".format(*size),
                         "-r", "10", "-i", "pipe:0", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                         "-output_ts_offset", str(100 * number), "-mpegts_start_pid", "0x1011", "-f", "mpegts", "pipe:1"],
                        input=b"".join(drawn), stdout=file, check=True)
            for step in steps:
                step.update(step="a step", recording="sink-1", who=WHO)
            pathlib.Path(directory, "expected.json").write_text(json.dumps(steps), encoding="utf-8")
            said = io.StringIO()
            before, sys.argv = sys.argv, ["seen.py", directory]
            try:
                with contextlib.redirect_stdout(said):
                    status = seen.main()
            finally:
                sys.argv = before
        self.assertEqual(status, int("FAIL" in said.getvalue()), said.getvalue())
        return said.getvalue()

    def step(self, **changed) -> dict:
        return {"size": SMALL, "first": 101, "last": 110, "least": 10, **changed}

    def test_right(self) -> None:
        drawn = [draw(number, SMALL) for number in range(99, 113)]
        self.assertIn("PASS", self.judged([self.step()], (SMALL, drawn)))

    def test_some_left_out(self) -> None:
        drawn = [draw(number, SMALL) for number in (101, 103, 104, 104, 110)]
        self.assertIn("PASS", self.judged([self.step(least=4, still=True)], (SMALL, drawn)))
        self.assertIn("4 different pictures, 5 wanted", self.judged([self.step(least=5)], (SMALL, drawn)))

    def test_another_size(self) -> None:
        small = [draw(number, SMALL) for number in range(101, 106)]
        big = [draw(number, BIG) for number in range(106, 111)]
        parts = ((SMALL, small), (BIG, big))
        self.assertIn("PASS", self.judged([self.step(last=105, least=5), self.step(first=106, least=5, size=BIG)], *parts))
        self.assertIn("not (640, 480)", self.judged([self.step()], *parts))

    def test_torn(self) -> None:
        drawn = [draw(number, SMALL, old_band=5 if number == 106 else None) for number in range(101, 111)]
        self.assertIn("1 of 10 pictures are not whole, the first is number 5", self.judged([self.step()], (SMALL, drawn)))

    def test_dark_after_the_step(self) -> None:
        drawn = [draw(number, SMALL) for number in range(101, 111)]
        dark = [bytes(640 * 480 * 3 // 2)] * 3
        self.assertIn("PASS", self.judged([self.step()], (SMALL, [*drawn, *dark, drawn[-1], draw(111, SMALL)])))
        self.assertIn("3 of 13 pictures are not whole", self.judged([self.step()], (SMALL, [*drawn[:5], *dark, *drawn[5:]])))

    def test_backwards(self) -> None:
        drawn = [draw(number, SMALL) for number in (101, 102, 104, 103, 105, 110)]
        self.assertIn("picture 103 came after 104", self.judged([self.step(least=4)], (SMALL, drawn)))

    def test_nothing(self) -> None:
        self.assertIn("none of the pictures", self.judged([self.step()], (SMALL, [draw(50, SMALL)] * 5)))
        self.assertIn("none of the pictures", self.judged([self.step()], (SMALL, [bytes(640 * 480 * 3 // 2)] * 5)))
        self.assertIn("FAIL", self.judged([], (SMALL, [draw(50, SMALL)])))

    def test_last_is_missing(self) -> None:
        drawn = [draw(number, SMALL) for number in range(101, 110)]
        self.assertIn("the last picture is 109, not 110", self.judged([self.step(least=5, still=True)], (SMALL, drawn)))

    def test_cursor(self) -> None:
        way = [(20 * step, 30) for step in range(4)]
        drawn = [draw(101, SMALL, at=place) for place in way]
        cursor = {"still at": 101, "places": way, "least": 4}
        self.assertIn("PASS", self.judged([cursor], (SMALL, [draw(101, SMALL), *drawn])))
        self.assertIn("at 1 places, not 4", self.judged([cursor], (SMALL, [draw(101, SMALL), drawn[3], drawn[3]])))
        self.assertIn("at 0 places", self.judged([cursor], (SMALL, [draw(101, SMALL), draw(102, SMALL), *(
            draw(102, SMALL, at=place) for place in way)])))
        self.assertIn("has not arrived", self.judged([cursor], (SMALL, [draw(102, SMALL)])))

    def test_cursor_is_elsewhere(self) -> None:
        way = [(20 * step, 30) for step in range(4)]
        drawn = [draw(101, SMALL, at=place) for place in way]
        cursor = {"still at": 101, "places": way, "least": 3}
        self.assertIn("PASS", self.judged([cursor], (SMALL, [drawn[0], drawn[2], drawn[3]])))
        self.assertIn("last at (40, 30), not (60, 30)", self.judged([cursor], (SMALL, drawn[:3])))
        self.assertIn("1 of 5 times the cursor was not where the mouse had been moved to, first at (40, 40)", self.judged(
            [cursor], (SMALL, [*drawn[:2], draw(101, SMALL, at=(40, 40)), *drawn[2:]])))


if __name__ == "__main__":
    unittest.main()
