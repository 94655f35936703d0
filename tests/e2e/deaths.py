#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens when somebody changes, dies, or was never there. Runs as root in a virtual machine, with a desktop.

Prints one PASS or FAIL line for each case. After each the connector must be unplugged, no miracast-umd left, the
desktop alive, and the next cast must work.
"""
from __future__ import annotations

import argparse
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cast import DIRECT_SINK, DIRECT_SOURCE, SINK, TIME_SCALE, VIDEO_FORMATS, Cast  # noqa: E402
from desktop import Card, Desktop, DesktopError, wait_for  # noqa: E402
from radios import SINK_NETNS, run  # noqa: E402

sys.path.insert(0, str(SINK))

from wfdsink import media  # noqa: E402

BROKER = "/usr/libexec/miracastd"


# A session's process has no arguments; the one that looks for encoders beside it has.
SESSION = "miracast-umd$"


def demand(true: bool, otherwise: str) -> None:
    if not true:
        raise DesktopError(otherwise)


def pids(name: str) -> list[int]:
    return [int(pid) for pid in subprocess.run(["pgrep", "-f", name], capture_output=True, text=True,
                                               check=False).stdout.split()]


class Deaths(Cast):
    def __init__(self, args: argparse.Namespace):
        super().__init__(args)
        self.desktop: Desktop | None = None
        self.failed = 0
        self.number = 0
        self.newest = 0

    # -- steps -----------------------------------------------------------------------------------------------

    def start_sink(self, *options: str) -> None:
        self.number += 1
        status = self.ctl("status")
        self.newest = max((session["id"] for session in status["sessions"] + status["ended"]), default=0)
        argv = ["ip", "netns", "exec", SINK_NETNS, str(SINK / "wfd-sink"), "--connect", DIRECT_SOURCE,
                "--bind", DIRECT_SINK, "--retry", "120", "--out", str(self.out / f"sink-{self.number}"),
                "--video-formats", VIDEO_FORMATS, "--duration", "100000", "--end", "wait",
                "--time-scale", TIME_SCALE, "--no-analysis", *options]
        with open(self.out / "sink.log", "ab") as log:
            self.sink = subprocess.Popen(argv, stdout=log, stderr=log)

    def listen(self) -> None:
        self.ctl("listen", DIRECT_SOURCE)

    def streams(self) -> None:
        """A sink that behaves gets pictures of the desktop."""
        self.start_sink()
        wait_for("a session streams", 120, lambda: any(
            session["state"] == "streaming" for session in self.ctl("status")["sessions"]))
        self.desktop.wait_output()
        wait_for("pictures are sent", 60, lambda: self.session()["stats"].get("frames-sent", 0) > 3)

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

    def refused(self, argv: list[str], *words: str) -> None:
        """The daemon does not start, and says why in these words."""
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        demand(done.returncode != 0, f"the daemon started: {said}")
        for word in words:
            demand(word in said, f"not a word of {word!r}: {said}")

    # -- cases -----------------------------------------------------------------------------------------------

    def without_module(self) -> None:
        """daemon without the module says what to do"""
        self.refused([BROKER, "--no-bus", f"--listen={DIRECT_SOURCE}"], "/dev/miracast", "modprobe miracast")

    def without_rights(self) -> None:
        """daemon without rights names the group"""
        self.refused(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                      BROKER, "--no-bus", "--listen=127.0.0.1"], "/dev/miracast", "miracast")

    def second_daemon(self) -> None:
        """a second daemon is refused, the first goes on"""
        self.refused([BROKER, "--no-bus", "--listen=127.0.0.1"], "/dev/miracast")
        demand(self.ctl("status") is not None, "the first daemon does not answer")

    def session_ends_well(self) -> None:
        """a session that the user ends"""
        self.streams()
        self.ctl("disconnect", "all")
        self.sink.wait(60)
        self.gone()

    def mode_changes(self) -> None:
        """the stream follows when the desktop changes the mode"""
        self.streams()
        before = self.desktop
        before.stop()
        self.desktop = Desktop(before.card, self.out, mode="640x480")
        self.desktop.start()
        self.desktop.start_clients()
        wait_for("the session has the desktop's mode", 60, lambda: self.session()["mode"]["width"] == 640)
        sent = self.session()["stats"]["frames-sent"]
        wait_for("pictures of that mode are sent", 60, lambda: self.session()["stats"]["frames-sent"] > sent + 3)
        self.ctl("disconnect", "all")
        self.sink.wait(60)
        seen = media.read_recording(str(self.out / f"sink-{self.number}/sink.ts"), []).sps
        sizes = [(sps.width, sps.height) for sps in seen]
        demand(sizes == [(1280, 720), (640, 480)], f"the sink saw {sizes}")
        self.gone()

    def sink_dies(self) -> None:
        """a sink that disappears in mid-stream"""
        self.streams()
        self.end_sink()
        reason = self.reason()
        demand("sink" in reason, f"reason {reason}")
        self.gone()

    def sink_sends_garbage(self) -> None:
        """a sink that sends garbage ends with a reason"""
        self.start_sink("--misbehave", "garbage-in-play")
        self.sink.wait(120)
        demand(self.reason() != "", "no reason")
        self.gone()

    def umd_killed(self) -> None:
        """a user-mode driver that is killed in mid-stream"""
        self.streams()
        os.kill(pids(SESSION)[0], signal.SIGKILL)
        reason = self.reason()
        demand("umd" in reason, f"reason {reason}")
        self.end_sink()
        self.gone()

    def umd_hangs(self) -> None:
        """a user-mode driver that hangs is ended all the same"""
        self.streams()
        os.kill(pids(SESSION)[0], signal.SIGSTOP)
        self.ctl("disconnect", "all")
        self.gone()
        self.end_sink()

    def daemon_killed(self) -> None:
        """a daemon that is killed in mid-stream: the module takes the next one"""
        self.streams()
        self.broker.kill()
        self.broker.wait()
        self.gone()
        self.end_sink()
        self.start_broker()
        self.listen()

    def unload(self) -> None:
        """afterwards the module can be removed"""
        self.broker.terminate()
        demand(self.broker.wait(30) == 0, f"miracastd ended with status {self.broker.returncode}")
        self.desktop.stop()
        run("rmmod", "miracast")

    # -- all of it -------------------------------------------------------------------------------------------

    def case(self, function) -> None:
        try:
            function()
            print(f"PASS {function.__doc__}", flush=True)
        except (DesktopError, subprocess.SubprocessError, OSError, LookupError) as error:
            self.failed += 1
            print(f"FAIL {function.__doc__}: {error} {getattr(error, 'stderr', '') or ''}", flush=True)

    def run(self) -> None:
        self._wire()
        self.case(self.without_module)
        run("load-module", "miracast")
        run("start-services", "udev", "dbus")
        self.case(self.without_rights)
        self.desktop = Desktop(Card(), self.out)
        self.desktop.start()
        self.start_broker()
        self.listen()
        self.desktop.start_clients()
        try:
            for function in (self.second_daemon, self.session_ends_well, self.mode_changes, self.sink_dies, self.sink_sends_garbage,
                             self.umd_killed, self.umd_hangs, self.daemon_killed, self.session_ends_well, self.unload):
                self.case(function)
        finally:
            self.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default="/out")
    deaths = Deaths(argparse.Namespace(link="direct", out=parser.parse_args().out))
    deaths.run()
    return 1 if deaths.failed else 0


if __name__ == "__main__":
    sys.exit(main())
