# SPDX-License-Identifier: LGPL-2.1-or-later
"""A desktop that switches its output off and on and changes its mode, and sinks that make of it what they will.

The desktop is the test source's (userspace/umd/test-desktop.h). What it does is counted from the first PLAY. Whatever a
sink does, nothing of the desktop may be seen while the output is off, and its pictures have to be there afterwards.
"""
from __future__ import annotations

import dataclasses
import pathlib
import sys
import threading

import pictures
from conformance import formats
from processes import TIMING, TOP, Broker, Failed, Programs, address, demand, demand_strict, play

sys.path.insert(0, str(TOP / "tests/sink"))

from wfdsink import media  # noqa: E402

# Black is on its way at once; what was in the encoder and the network may still come.
SETTLE_S = 0.7
# A source without anything to show sends a picture a second.
MAX_SILENCE_S = 1.4
# A change of mode makes a new encoder; with sanitizers, and other sessions beside it, that takes its time.
MAX_CHANGE_DELAY_S = 2.0
WORKERS = 4
VARIABLE = "MIRACAST_TEST_DESKTOP"
STANDBY_AFTER_S = 5.0


@dataclasses.dataclass(frozen=True)
class Case:
    """What the desktop does, when its pictures may not be seen (from, to), and with which sink."""
    schedule: str
    dark: tuple[tuple[float, float], ...]
    duration: float
    script: str | None = None
    options: tuple[str, ...] = ()
    silent: bool = False            # RTP may rest in the dark: the sink is in standby
    modes: tuple[str, ...] = ("640x480p60",)
    pictures_after: bool = True


NO_STANDBY = ("--param", "wfd_standby_resume_capability=none")
CASES = {
    "off": Case("1.5:off,4:on", ((1.5, 4),), 6, options=NO_STANDBY),
    "power-off": Case("1.5:power-off,4:power-on", ((1.5, 4),), 6, options=NO_STANDBY),
    # Before any sink can have answered anything.
    "off-and-on-at-once": Case("2:off,2.002:on,2.004:off,2.006:on", (), 4),
    # Longer than black lasts where there is standby.
    "standby": Case("1:off,8:on", ((1, 8),), 10, silent=True),
    "on-while-standby-is-answered": Case("1:off,6.5:on", ((1, 6.5),), 10, "slow-standby", silent=True),
    "ends-on-triggers": Case("1:off,8:on", ((1, 8),), 10, "ends-on-triggers"),
    "ignores-triggers": Case("1:off,8:on", ((1, 8),), 16, "ignores-triggers", silent=True),
    "refuses-triggers": Case("1:off,8:on", ((1, 8),), 10, "refuses-triggers"),
    "refuses-play": Case("1:off,8:on", ((1, 8),), 10, "refuses-play", silent=True),
    "ignores-play": Case("1:off,7:on", ((1, 7),), 16, "ignores-play", silent=True),
    "microsoft": Case("1:off,8:on", ((1, 8),), 10, options=("--user-agent", "MSFT-WDD/10.00")),
    "mode": Case("2:720x480@60", (), 5, modes=("640x480p60", "720x480p60")),
    "mode-refused": Case("2:720x480@60,4:640x480@60", ((2, 4),), 6, "m4-in-play-303"),
    "mode-while-off": Case("1.5:off,3:720x480@60", ((1.5, 3),), 6, modes=("640x480p60", "720x480p60")),
}
# The sink says that it is in standby or plays, and does not: what it gets is no sign of what it says.
PRETENDS_TOLERATED = {"rtp-while-paused"}
PRETENDS = frozenset({"ignores-triggers", "ignores-play", "refuses-play"})


def _wrapper(programs: Programs, directory: pathlib.Path, schedule: str) -> pathlib.Path:
    """A miracast-umd with a desktop: the broker hands on no variables that it does not know."""
    path = directory / "umd-with-desktop"
    path.write_text(f"#!/bin/sh\n{VARIABLE}='{schedule}' exec '{programs.umd}' \"$@\"\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def _demand_dark(case: Case, began: float, shown: list[tuple[float, int]]) -> None:
    for start, end in case.dark:
        during = [(t, number) for t, number in shown if began + start + SETTLE_S < t < began + end]
        seen = [(round(t - began, 2), number) for t, number in during if number]
        demand(not seen, f"the desktop is seen while it is off, for example {seen[:2]}")
        if case.silent:
            continue
        times = [began + start, *(t for t, _ in during), began + end]
        gap = max(b - a for a, b in zip(times, times[1:]))
        demand(gap < SETTLE_S + MAX_SILENCE_S, f"nothing was sent for {gap:.1f} s while the output was off")


def _demand_change(directory: pathlib.Path, report: dict) -> None:
    """The first picture of another size has the announced PTS, or, on a slow machine, a later one."""
    frames = media.load_frames(str(directory))
    for (before, after) in zip(frames, frames[1:]):
        if (before.width, before.height) != (after.width, after.height):
            late = (after.pts - report["formats"][-1]["change_pts"]) / 90000
            demand(0 <= late < MAX_CHANGE_DELAY_S, f"the new mode came {late:.3f} s after the announced time")


def run_case(programs: Programs, directory: pathlib.Path, host: str, name: str) -> None:
    case = CASES[name]
    directory.mkdir(parents=True, exist_ok=True)
    umd = _wrapper(programs, directory, case.schedule)
    with Broker(programs, directory / "broker", host, "--mode=640x480@60", umd=str(umd)) as broker:
        broker.wait_ready()
        script = ("--misbehave", case.script) if case.script else ()
        report = play(directory / "sink", host, "--duration", str(case.duration), "--video-formats",
                      formats(cea=3), *script, *case.options, seconds=90)
        reason, message = broker.wait_over(1, 15)
        broker.demand_clean()
        demand(reason == "sink-left", f"ended with '{reason}' ({message})")
        # With several sessions at once an encoder may be made anew too late; _demand_change says how late.
        tolerated = TIMING | {"video-change-time"} | (PRETENDS_TOLERATED if name in PRETENDS else set())
        demand_strict(report, frozenset(tolerated))
        _demand_change(directory / "sink", report)
        agreed = tuple(dict.fromkeys(entry["video"]["mode"] for entry in report["formats"]))
        demand(agreed == case.modes, f"the modes were {agreed} instead of {case.modes}")
        recording = directory / "sink" / "sink.ts"
        frames = media.decoded_frames(str(recording))
        demand(len(report["media"]["resolutions"]) == len(case.modes), f"{report['media']['resolutions']}")
        shown = [(frame.t, number) for frame, number in
                 zip(frames, pictures.numbers(recording, report["media"]["sps"][0]["width"])) if frame]
        began = report["play_sent_t"]
        if len(case.modes) == 1:
            _demand_dark(case, began, shown)
        last = [number for t, number in shown if t > began + case.duration - 1]
        demand(len(set(last)) >= 5, f"{len(set(last))} different pictures in the last second")
        broker.end()


def run(programs: Programs, directory: pathlib.Path, only: list[str], report) -> None:
    names = iter([name for name in sorted(CASES, key=lambda name: -CASES[name].duration) if not only or name in only])
    lock = threading.Lock()

    def work(number: int) -> None:
        while True:
            with lock:
                name = next(names, None)
            if name is None:
                return
            try:
                run_case(programs, directory / name, address(60 + number), name)
            except Failed as error:
                report(name, str(error))
            else:
                report(name)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
