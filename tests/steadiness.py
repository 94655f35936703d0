#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether the machine gives tests of times their time.

A machine that is shared may stand still for longer than the times that are tested; what is measured then is said of
the machine, not of what is tested. A thread sleeps for a little and looks at how late it was woken up. Those who run
tests ask for that when one has failed, and run it again if so: on a machine that keeps its time a failure is one, and
what a sanitizer reports is one on any machine.

As a program it prints a line each time, for those who run tests inside a virtual machine; its argument says after how
many milliseconds.
"""
from __future__ import annotations

import re
import sys
import threading
import time

SLEEP_S = 0.03
STILL_S = 0.05

SANITIZER_REPORT = re.compile(r"Sanitizer|runtime error:")


class Steadiness:
    """Watches from its making on."""

    def __init__(self, still_s: float = STILL_S, tell=lambda seconds: None):
        self._still_s = still_s
        self._stood: list[tuple[float, float]] = []    # when it ended, how long it was
        self._tell = tell
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            before = time.monotonic()
            time.sleep(SLEEP_S)
            now = time.monotonic()
            if now - before > SLEEP_S + self._still_s:
                self._stood.append((now, now - before - SLEEP_S))
                self._tell(now - before - SLEEP_S)

    def longest(self, since: float, until: float = float("inf")) -> float:
        """Seconds of the longest time that the machine stood still between two readings of time.monotonic(), or 0."""
        return max((seconds for ended, seconds in list(self._stood) if ended > since and ended - seconds < until),
                   default=0.0)


if __name__ == "__main__":
    Steadiness(float(sys.argv[1]) / 1000, lambda seconds: print(f"the machine stood still for {seconds * 1000:.0f} ms",
                                                                flush=True))
    threading.Event().wait()
