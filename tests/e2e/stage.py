# SPDX-License-Identifier: LGPL-2.1-or-later
"""A cable, a daemon and sinks that come and go on it, with a desktop beside them: what scenarios are made of.

Runs as root in a virtual machine. A case is a method with its name as its documentation; case() prints PASS or FAIL.
"""
from __future__ import annotations

import argparse
import pathlib
import subprocess

from cast import DIRECT_NETWORK, DIRECT_SINK, DIRECT_SOURCE, SINK, TIME_SCALE, VIDEO_FORMATS, Cast
from desktop import DesktopError, wait_for
from radios import SINK_NETNS

# A session's process has no arguments; the one that looks for encoders beside it has.
SESSION = "miracast-umd$"


def demand(true: bool, otherwise: str) -> None:
    if not true:
        raise DesktopError(otherwise)


def pids(name: str) -> list[int]:
    return [int(pid) for pid in subprocess.run(["pgrep", "-f", name], capture_output=True, text=True,
                                               check=False).stdout.split()]


class Stage(Cast):
    """self.desktop has card, running() and wait_output(); self.sink is the newest sink, its files are in sink_out()."""

    def __init__(self, out: str):
        super().__init__(argparse.Namespace(link="direct", out=out))
        self.desktop = None
        self.failed = 0
        self.number = 0
        self.newest = 0

    def sink_out(self) -> pathlib.Path:
        return self.out / f"sink-{self.number}"

    def start_sink(self, *options: str, address: str = DIRECT_SINK) -> subprocess.Popen:
        self.number += 1
        status = self.ctl("status")
        self.newest = max((session["id"] for session in status["sessions"] + status["ended"]), default=0)
        argv = ["ip", "netns", "exec", SINK_NETNS, str(SINK / "wfd-sink"), "--connect", DIRECT_SOURCE,
                "--bind", address, "--retry", "120", "--out", str(self.sink_out()),
                "--video-formats", VIDEO_FORMATS, "--duration", "100000", "--end", "wait",
                "--time-scale", TIME_SCALE, "--no-analysis", *options]
        with open(self.out / "sink.log", "ab") as log:
            self.sink = subprocess.Popen(argv, stdout=log, stderr=log)
        return self.sink

    def listen(self) -> None:
        self.ctl("listen", DIRECT_SOURCE, "--from", DIRECT_NETWORK)

    def shown(self) -> dict[int, int]:
        """Of each session how many of the desktop's pictures it has taken. What it sends is also a picture once more
        that stands still, and black where there is none, so that something is sent whatever the desktop does."""
        return {session["id"]: session["stats"].get("frames-acquired", 0) for session in self.ctl("status")["sessions"]}

    def pictures_flow(self, more: int = 3, before: dict[int, int] | None = None) -> None:
        """Of the desktop, to the display of every session: so many were taken, and then one was sent."""
        before = before or self.shown()
        sent = set()

        def flow() -> bool:
            sessions = self.ctl("status")["sessions"]
            demand({session["id"] for session in sessions} == set(before) != set(), f"sessions {set(before)} are now {sessions}")
            # The delay from flip to packet is of new pictures alone; 0 if there was none since the report before, a second
            # ago. An emulated machine with two displays has fewer than one a second.
            sent.update(session["id"] for session in sessions if session["stats"].get("latency-median-us", 0)
                        and session["stats"].get("frames-acquired", 0) >= before[session["id"]] + more)
            return sent == set(before)
        wait_for("pictures of the desktop are sent", 180, flow)

    def streams(self) -> None:
        """A sink that behaves gets pictures of the desktop."""
        self.start_sink()
        wait_for("a session streams", 120, lambda: any(
            session["state"] == "streaming" for session in self.ctl("status")["sessions"]))
        self.desktop.wait_output()
        self.pictures_flow()

    def gone(self) -> None:
        """Nothing is left of a session, and the desktop is as before."""
        wait_for("the connector is unplugged", 30, lambda: not self.desktop.card.connectors())
        wait_for("miracast-umd is gone", 30, lambda: not pids(SESSION))
        demand(self.desktop.running(), "a part of the desktop died")

    def reason(self) -> str:
        """Why the session of the newest sink has ended."""
        return wait_for("the session has ended", 60, lambda: next(
            (session["reason"] for session in self.ctl("status")["ended"] if session["id"] > self.newest), None))

    def end_sink(self) -> None:
        if self.sink.poll() is None:
            self.sink.kill()
        self.sink.wait()

    def case(self, function) -> None:
        try:
            function()
            print(f"PASS {function.__doc__}", flush=True)
        except (DesktopError, subprocess.SubprocessError, OSError, LookupError) as error:
            self.failed += 1
            print(f"FAIL {function.__doc__}: {error} {getattr(error, 'stderr', '') or ''}", flush=True)
