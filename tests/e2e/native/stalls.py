# SPDX-License-Identifier: LGPL-2.1-or-later
"""The session process stands still now and then: what is late is left out once, and said, and the rest is at its place."""
from __future__ import annotations

import os
import pathlib
import signal
import threading
import time

import sounds
from conformance import VGA
from processes import Broker, Failed, Programs, demand

SECONDS = 14
# What the sound has of its own, in the source and in front of the encoder, lasts for the first; nothing does for the last.
STALLS_S = (0.03, 0.15, 0.3, 0.7)
BETWEEN_S = 2.0
CASES = ("lpcm-48000", "aac-2", "ac3-6")


def _stall(broker: Broker) -> None:
    try:
        broker.wait_phase(1, "streaming")
        for seconds in STALLS_S:
            time.sleep(BETWEEN_S)
            for pid in broker.umds():
                os.kill(pid, signal.SIGSTOP)
                time.sleep(seconds)
                os.kill(pid, signal.SIGCONT)
    except (Failed, ProcessLookupError):
        pass        # The session says itself what has happened to it.


def _session(programs: Programs, directory: pathlib.Path, number: int, name: str) -> None:
    said = sounds.long_session(programs, directory, 50 + number, VGA, name, SECONDS, _stall)
    # It cannot have sent what nobody took from it in 700 ms.
    demand(said.seconds > STALLS_S[-1] / 2, f"{said.seconds:.3f} s were left out, in a session that stood still for longer")


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    def one(number: int, name: str) -> None:
        try:
            _session(programs, directory / name, number, name)
        except Failed as error:
            report(name, str(error))
        else:
            report(name)

    threads = [threading.Thread(target=one, args=case) for case in enumerate(CASES) if not only or case[1] in only]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
