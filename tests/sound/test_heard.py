#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Self test of heard.py: it lets pass what is right, and names each thing that is wrong."""
from __future__ import annotations

import array
import contextlib
import io
import math
import os
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "sink")]

import heard  # noqa: E402
import sound_maker  # noqa: E402

RATE, LEVEL = 48000, 8192
PAIR, SECONDS, AMID = (880, 1100), 4, 100000
PICTURES_S = 20


class Heard(unittest.TestCase):
    def faults(self, signal: list[array.array], codec: str = "LPCM", **expected) -> str:
        """What heard.py says of a tone of 410 Hz, a pause, and this signal, with pictures all the time."""
        pause = array.array("h", bytes(2 * RATE))
        tone = array.array("h", (round(LEVEL * math.sin(2 * math.pi * 410 * n / RATE)) for n in range(RATE // 10))) * 12
        channels = [pause + tone + pause + channel + pause for channel in signal]
        with tempfile.TemporaryDirectory(prefix="heard-") as directory:
            path = os.path.join(directory, "sink.ts")
            with open(path, "wb") as file:
                file.write(sound_maker.recording(channels, RATE, codec, fps=PICTURES_S))
            wanted = {"heard": {}, "not heard": [], "whole": [], "pictures": [], **expected}
            for pictures in wanted["pictures"]:
                pictures.update(begin=0, end=os.path.getsize(path))
            with contextlib.redirect_stdout(io.StringIO()):
                return "; ".join(heard.faults(path, wanted))

    @staticmethod
    def pair() -> list[array.array]:
        return sound_maker.signal(SECONDS, RATE, 2, PAIR)

    def test_tones(self) -> None:
        self.assertEqual(self.faults(self.pair(), heard={"410": LEVEL}), "")
        self.assertIn("470 Hz is heard in 0 windows", self.faults(self.pair(), heard={"470": LEVEL}))
        self.assertIn("410 Hz has the level", self.faults(self.pair(), heard={"410": LEVEL / 1.3}))
        self.assertIn("410 Hz is heard in 12 windows", self.faults(self.pair(), **{"not heard": [410]}))

    def test_whole(self) -> None:
        whole = [{"tones": PAIR, "seconds": SECONDS}]
        self.assertEqual(self.faults(self.pair(), whole=whole), "")
        cut = [channel[:AMID] + channel[AMID + 7:] for channel in self.pair()]
        self.assertIn("7 samples lost", self.faults(cut, whole=whole))
        mute = [channel[:AMID] + array.array("h", bytes(2 * RATE)) + channel[AMID:] for channel in self.pair()]
        self.assertIn("silent for", self.faults(mute, whole=whole))
        self.assertIn("of 8 s are there", self.faults(self.pair(), whole=[{"tones": PAIR, "seconds": 8}]))
        with self.assertRaisesRegex(heard.sound.Unusable, "440 Hz is not heard"):
            self.faults(self.pair(), whole=[{"tones": (440, 660), "seconds": SECONDS}])

    def test_six_channels(self) -> None:
        six = sound_maker.TONES[6]
        signal, whole = sound_maker.signal(SECONDS, RATE, 6), [{"tones": six, "seconds": SECONDS}]
        self.assertEqual(self.faults(signal, "AC3", heard={"410": LEVEL}, whole=whole), "")
        swapped = [signal[n] for n in (0, 1, 3, 2, 4, 5)]
        self.assertIn("it has the 60 Hz of LFE", self.faults(swapped, "AC3", whole=whole))

    def test_pictures(self) -> None:
        shown = round((SECONDS + 4.2) * PICTURES_S)
        self.assertEqual(self.faults(self.pair(), pictures=[{"shown": shown}]), "")
        self.assertIn(f"of {2 * shown}", self.faults(self.pair(), pictures=[{"shown": 2 * shown}]))

    def test_picture_that_stands_still(self) -> None:
        limit, heard.STANDS_S = heard.STANDS_S, 0.5 / PICTURES_S
        self.addCleanup(setattr, heard, "STANDS_S", limit)
        self.assertIn("stood still", self.faults(self.pair(), pictures=[{"shown": 1}]))


if __name__ == "__main__":
    unittest.main()
