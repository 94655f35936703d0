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

from cast import DIRECT_SINK, DIRECT_SOURCE, SINK  # noqa: E402
from desktop import Card, Desktop, wait_for  # noqa: E402
from radios import run  # noqa: E402
from stage import SESSION, Stage, demand, pids  # noqa: E402

sys.path.insert(0, str(SINK))

from wfdsink import media  # noqa: E402

BROKER = "/usr/libexec/miracastd"


class Deaths(Stage):
    # -- steps -----------------------------------------------------------------------------------------------

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
        self.refused([BROKER, "--no-bus", f"--listen={DIRECT_SOURCE}", f"--from={DIRECT_SINK}"], "/dev/miracast", "modprobe miracast")

    def without_rights(self) -> None:
        """daemon without rights names the group"""
        self.refused(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                      BROKER, "--no-bus", "--listen=127.0.0.1", "--from=127.0.0.1"], "/dev/miracast", "miracast")

    def second_daemon(self) -> None:
        """a second daemon is refused, the first goes on"""
        self.refused([BROKER, "--no-bus", "--listen=127.0.0.1", "--from=127.0.0.1"], "/dev/miracast")
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
        seen = media.read_recording(str(self.sink_out() / "sink.ts"), []).sps
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
        # Weston's seat is a process of its own (libseat), which closes the card after Weston has ended.
        wait_for("nobody uses the module", 5,
                 lambda: pathlib.Path("/sys/module/miracast/refcnt").read_text(encoding="ascii").strip() == "0")
        run("rmmod", "miracast")

    # -- all of it -------------------------------------------------------------------------------------------

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
    deaths = Deaths(parser.parse_args().out)
    deaths.run()
    return 1 if deaths.failed else 0


if __name__ == "__main__":
    sys.exit(main())
