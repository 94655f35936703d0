# SPDX-License-Identifier: LGPL-2.1-or-later
"""An hour of sound and picture, to two sinks at once: they do not drift apart, nothing is missing but what was said to be, and
the session process does not grow.

A machine that stands still for a tenth of a second now and then costs the sound of some of it. The source then leaves that out,
once, and says so in its statistics and its log: what is missing at the sink is held against that.

The case is a number of seconds, for those who have less time: `run endurance:600`.
"""
from __future__ import annotations

import pathlib
import threading
import time

import sounds
from conformance import VGA
from processes import Broker, Failed, Programs, anonymous_kib, demand

HOUR_S = 3600
SOUNDS = ("lpcm-48000", "aac-2")
# From a quarter of the time on. A stream that is kept is a megabyte every four seconds.
LOOK_S = 2.0
MOST_GROWTH_KIB = 4096


class Memory:
    """What the session process has, every LOOK_S."""

    def __init__(self) -> None:
        self.kib: list[int] = []

    def watch(self, broker: Broker) -> None:
        broker.wait_phase(1, "streaming")
        while umds := broker.umds():
            try:
                self.kib.append(anonymous_kib(umds[0]))
            except OSError:
                return
            time.sleep(LOOK_S)

    def demand_rest(self) -> None:
        quarter = len(self.kib) // 4
        demand(quarter > 0, f"the session process was seen {len(self.kib)} times only")
        before, after = max(self.kib[quarter:2 * quarter]), min(self.kib[-quarter:])
        print(f"# KiB of the session process, each quarter: {self.kib[::quarter]}", flush=True)
        demand(after - before < MOST_GROWTH_KIB, f"the session process grew from {before} to {after} KiB")


def tried(name: str, report, what, *arguments) -> None:
    try:
        what(*arguments)
    except Failed as error:
        report(name, str(error))
    else:
        report(name)


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    seconds = float(only[0]) if only else HOUR_S

    def one(number: int) -> None:
        name, memory = f"{seconds:g} s of {SOUNDS[number]}", Memory()
        tried(name, report, sounds.long_session, programs, directory / SOUNDS[number], 40 + number, VGA, SOUNDS[number], seconds,
              memory.watch)
        tried(f"memory after {name}", report, memory.demand_rest)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(SOUNDS))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
