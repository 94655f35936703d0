#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real desktops on the module's monitors. Runs as root in a virtual machine.

Each desktop extends onto a monitor, plays moving content, changes the mode, moves the cursor, and sees monitors come
and go and daemons die. Every picture that arrives is compared with what was drawn. One PASS or FAIL line for each step.

    desktops.py [--pictures N] [--out DIR] [DESKTOP…]
"""
from __future__ import annotations

import argparse
import pathlib
import signal
import struct
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import compositors  # noqa: E402
from desktop import Card, DesktopError, wait_for  # noqa: E402
from monitors import Reader  # noqa: E402
from mouse import Mouse  # noqa: E402

PROGRAMS = pathlib.Path("/mnt/build/desktops")
BIG, SMALL = (1280, 720), (1024, 768)
# struct pattern_progress: shown, drawn, size.
PROGRESS = struct.Struct("3I")
REPLUGS = 10
# After each of the smaller events.
SOME = 5


class Trial:
    """One desktop, from its start to its end."""

    def __init__(self, kind: type[compositors.Compositor], pictures: int, out: pathlib.Path):
        self.pictures = pictures
        self.out = out / kind.name
        self.out.mkdir(parents=True, exist_ok=True)
        self.progress = []
        for monitor in range(2):
            path = pathlib.Path(f"/run/painter-{kind.name}-{monitor}")
            path.write_bytes(bytes(PROGRESS.size))
            self.progress.append(path)
        subprocess.run(["load-module", "miracast"], check=True)
        self.card = Card()
        self.desktop = kind(self.card, PROGRAMS, self.out)
        self.reader = self._reader()
        self.painters: dict[int, subprocess.Popen] = {}
        # Whose painter waits for its monitor.
        self.resting: set[int] = set()
        self.judged = self.revoked = self.late = 0

    def _reader(self) -> Reader:
        return Reader(PROGRAMS / "reader", self.out, self.progress, self.desktop.draws_in_place)

    def _connector(self, monitor: int) -> str:
        return self.reader.stats(monitor)["connector"]

    # -- what a user and a sink do --------------------------------------------------------------------------------

    def plug(self, monitor: int, size: tuple[int, int]) -> None:
        """Plugs a monitor in; the desktop extends onto it."""
        self.reader.plug(monitor, size)
        connector = self._connector(monitor)
        self.desktop.light(connector)
        self.reader.wait_mode(monitor, size)
        wait_for(f"{self.desktop.name} says that it shows {size} on {connector}", 20,
                 lambda: self.desktop.outputs().get(connector) == size)
        if monitor in self.resting:
            self.resting.remove(monitor)
            self.paint(monitor)

    def leave(self, monitor: int, connector: str) -> None:
        """A monitor has gone. Programs whose place that was end where the desktop does not care for them."""
        if not self.desktop.extends_by_itself and monitor in self.painters:
            self.desktop.end(self.painters.pop(monitor))
            self.resting.add(monitor)
        self.desktop.leave(connector)
        # A monitor that is back before the desktop has looked was never gone for it, and keeps its mode.
        wait_for("the desktop leaves the monitor", 20, lambda: not self.card.enabled(connector))

    def unplug(self, monitor: int) -> None:
        connector = self._connector(monitor)
        self.reader.unplug(monitor)
        self.leave(monitor, connector)

    def paint(self, monitor: int) -> None:
        """A new painter, as large as the monitor is now."""
        if monitor in self.painters:
            self.desktop.end(self.painters.pop(monitor))
        self.painters[monitor] = self.desktop.paint(self._connector(monitor), self.progress[monitor], monitor)

    def follow_mode(self, monitor: int) -> None:
        """X11 programs do not follow a monitor by themselves."""
        if isinstance(self.desktop, compositors.Xorg):
            self.paint(monitor)

    def collect(self, monitor: int, pictures: int) -> dict:
        stats = self.reader.collect(monitor, pictures)
        self.desktop.check()
        return stats

    def tally(self) -> None:
        """Before a reader ends: what it has seen."""
        for monitor in range(2):
            stats = self.reader.stats(monitor)
            self.judged += stats["pictures"]
            self.revoked += stats["revoked"]
            self.late += stats["late"]

    # -- the steps ------------------------------------------------------------------------------------------------

    def extends(self) -> str:
        self.desktop.start()
        self.plug(0, BIG)
        self.paint(0)
        stats = self.collect(0, SOME)
        return f"{stats['width']}x{stats['height']}"

    def moving_content(self) -> str:
        began = time.monotonic()
        before = self.reader.stats()
        stats = self.collect(0, self.pictures)
        count = stats["pictures"] - before["pictures"]
        return f"{count} pictures, {count / (time.monotonic() - began):.0f} a second"

    def last_picture_arrives(self) -> str:
        """When nothing moves any more, what is shown is what was drawn last."""
        self.painters[0].send_signal(signal.SIGSTOP)
        try:
            wait_for("the last picture", 10, lambda: (stats := self.reader.stats())["last"] >= stats["shown"])
            time.sleep(1)
            quiet = self.reader.stats()
            time.sleep(2)
            after = self.reader.stats()
        finally:
            self.painters[0].send_signal(signal.SIGCONT)
        if after["pictures"] != quiet["pictures"]:
            raise DesktopError(f"pictures of a still desktop: {after}")
        return f"number {after['last']}"

    def changes_mode(self) -> str:
        connector = self._connector(0)
        how = "its own tool"
        for size in (SMALL, BIG, SMALL):
            if self.desktop.set_mode(connector, size):
                self.reader.wait_mode(0, size)
                self.follow_mode(0)
            else:
                how = "another monitor, it has no tool"
                self.unplug(0)
                self.plug(0, size)
            self.collect(0, SOME)
        return how

    def second_monitor(self) -> str:
        """Extends onto two monitors of ours, with other content on each."""
        self.plug(1, BIG)
        self.paint(1)
        self.collect(1, max(self.pictures // 10, SOME))
        self.collect(0, SOME)
        self.desktop.end(self.painters.pop(1))
        self.unplug(1)
        self.collect(0, SOME)
        return " ".join(f"{name}" for name in self.desktop.outputs())

    def replugs(self) -> str:
        for _ in range(REPLUGS):
            self.unplug(0)
            wait_for("the connector is unplugged", 20, lambda: not self.card.connectors())
            self.plug(0, SMALL)
            self.collect(0, SOME)
        return f"{REPLUGS} times"

    def daemon_dies(self) -> str:
        """Twice, in mid-stream; the next one goes on where it was."""
        for _ in range(2):
            connector = self._connector(0)
            self.collect(0, SOME)
            self.tally()
            self.reader.kill()
            wait_for("the monitor has gone with its daemon", 20, lambda: not self.card.connectors())
            self.leave(0, connector)
            self.desktop.check()
            self.reader = self._reader()
            # The size that the user has chosen: Sway keeps to it.
            self.plug(0, SMALL)
            self.collect(0, SOME)
        return "twice"

    def cursor(self) -> str:
        """Moves the cursor over moving content, which is judged where the cursor is not drawn into it, and over a
        still picture."""
        with Mouse() as mouse:
            for step in range(200 if self.desktop.cursor_plane else 0):
                mouse.move(-15 if step % 8 > 3 else 25, 4)
                self.reader.stats()
            self.reader.judge(0, False)
            for step in range(20):
                mouse.move(-40 if step % 2 else 60, 20)
            self.painters[0].send_signal(signal.SIGSTOP)
            time.sleep(1)
            before = self.reader.stats()
            places = set()
            for step in range(40):
                mouse.move(-15 if step % 8 > 3 else 25, 4)
                stats = self.reader.stats()
                places.add((stats["cursor_x"], stats["cursor_y"]))
            after = self.reader.stats()
            self.painters[0].send_signal(signal.SIGCONT)
        moved, alone = (after[what] - before[what] for what in ("cursor", "cursor_only"))
        if self.desktop.cursor_plane:
            if moved < 10 or (self.desktop.cursor_is_free and alone < moved) or len(places) < 5 or \
                    not after["cursor_visible"]:
                raise DesktopError(f"{moved} cursors, {alone} of them without damage, at {sorted(places)}; {after}")
            return f"a plane, {alone} of {moved} moves without damage to the picture"
        if after["cursor_visible"] or after["seq"] - before["seq"] < 10:
            raise DesktopError(f"the cursor is not drawn into the picture: {after}")
        return "drawn into the picture"

    def alive(self) -> str:
        self.desktop.check()
        self.tally()
        if self.revoked > self.judged / 10:
            raise DesktopError(f"{self.revoked} of {self.judged} pictures were revoked")
        if self.late > self.judged / 4:
            raise DesktopError(f"{self.late} of {self.judged} pictures were taken too late to be judged")
        return f"{self.judged} pictures judged, {self.revoked} revoked, {self.late} taken too late"

    def judge_is_judged(self) -> str:
        """What is wrong has to be noticed: a band that is too old, a picture that is."""
        connector = self._connector(0)
        self.reader.judge(0, True)

        def torn() -> int:
            # One picture each time, and the next one may replace it before it is taken.
            self.painters[0].send_signal(signal.SIGUSR1)
            return self.reader.ask("stats", 0)["torn"]
        wait_for("a torn picture is noticed", 20, torn)
        self.desktop.end(self.painters.pop(0))
        shown, drawn, size = PROGRESS.unpack(self.progress[0].read_bytes())
        # Not anew: the file is mapped.
        with open(self.progress[0], "r+b") as file:
            file.write(PROGRESS.pack(shown, max(drawn - 1000, 0), size))
        self.painters[0] = self.desktop.paint(connector, self.progress[0], 0)
        return wait_for("old pictures are noticed", 20, lambda: (stats := self.reader.ask("stats", 0))["reordered"]
                        and stats["stale"] and "torn, stale, reordered")

    STEPS = (extends, moving_content, last_picture_arrives, changes_mode, second_monitor, replugs, daemon_dies,
             cursor, alive, judge_is_judged)

    def death(self) -> str:
        """Who has died: the reason of most faults that there may be."""
        try:
            self.desktop.check()
        except DesktopError as error:
            return str(error)
        return "desktop and painters live"

    def run(self) -> bool:
        name = self.desktop.name
        try:
            for step in self.STEPS:
                what = f"{name}: {step.__name__.replace('_', ' ')}"
                began = time.monotonic()
                try:
                    print(f"PASS {what} ({step(self)}; {time.monotonic() - began:.0f} s)", flush=True)
                except (DesktopError, subprocess.SubprocessError, OSError, LookupError) as error:
                    print(f"# {error}\n# {self.death()}\nFAIL {what}", flush=True)
                    # What comes after needs what came before.
                    return False
            return True
        finally:
            self.desktop.stop()
            self.reader.kill()
            # What a desktop leaves on the screen is not for the next one, and keeps the module until unbound.
            pathlib.Path("/sys/bus/platform/drivers/miracast/unbind").write_text("miracast", encoding="ascii")
            subprocess.run(["rmmod", "miracast"], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("desktop", nargs="*", metavar="DESKTOP", default=[*compositors.ALL],
                        help=f"{', '.join(compositors.ALL)} (default: all)")
    parser.add_argument("--pictures", type=int, default=300, help="of moving content (default %(default)s)")
    parser.add_argument("--out", type=pathlib.Path, default="/out", help="for logs (default %(default)s)")
    arguments = parser.parse_args()
    for command in (["modprobe", "uinput"], ["modprobe", "evdev"], ["start-services", "udev"]):
        subprocess.run(command, check=True)
    passed = [Trial(compositors.ALL[name], arguments.pictures, arguments.out).run() for name in arguments.desktop]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
