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
from processes import Broker, Failed, Programs, address, demand, play

HOUR_S = 3600
SOUNDS = ("lpcm-48000", "aac-2")


def _session(programs: Programs, directory: pathlib.Path, number: int, seconds: float) -> None:
    name = SOUNDS[number]
    # It says each piece of sound that it leaves out.
    with Broker(programs, directory / name, address(40 + number), "--verbose") as broker:
        broker.wait_ready()
        # The rules of the stream are for the other suites: an hour of its packets does not fit in memory.
        found = play(directory / name / "sink", broker.host, "--duration", str(seconds), "--video-formats", VGA, "--sound", name,
                     "--no-analysis", seconds=seconds + 120)
        demand("error" not in found and found["played"], str(found.get("error", "the sink did not play")))
        demand(found["rtp"]["lost"] == 0, f"{found['rtp']['lost']} packets were lost on the way")
        broker.end()
    sounds.demand_sound(directory / name / "sink", found["negotiated"]["audio"], seconds, log=directory / name / "miracastd.log")


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    seconds = float(only[0]) if only else HOUR_S

    def one(number: int) -> None:
        name = f"{seconds:g} s of {SOUNDS[number]}"
        try:
            _session(programs, directory, number, seconds)
        except Failed as error:
            report(name, str(error))
        else:
            report(name)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(SOUNDS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
