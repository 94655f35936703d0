# SPDX-License-Identifier: LGPL-2.1-or-later
"""An hour of sound and picture, to two sinks at once: they do not drift apart, and nothing is missing but what was said to be.

A machine that stands still for a tenth of a second now and then costs the sound of some of it. The source then leaves that out,
once, and says so in its statistics and its log: what is missing at the sink is held against that.

The case is a number of seconds, for those who have less time: `run endurance:600`.
"""
from __future__ import annotations

import pathlib
import threading

import sounds
from conformance import VGA
from processes import Failed, Programs

HOUR_S = 3600
SOUNDS = ("lpcm-48000", "aac-2")


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    seconds = float(only[0]) if only else HOUR_S

    def one(number: int) -> None:
        name = f"{seconds:g} s of {SOUNDS[number]}"
        try:
            sounds.long_session(programs, directory / SOUNDS[number], 40 + number, VGA, SOUNDS[number], seconds)
        except Failed as error:
            report(name, str(error))
        else:
            report(name)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(SOUNDS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
