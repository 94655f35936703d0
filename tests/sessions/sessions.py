#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole desktops, each in the session of an ordinary user, cast to a display. Runs as root in a virtual machine.

    sessions.py [--long] [--steps STEP,…] [--out DIR] [DESKTOP…]

As on a laptop: another graphics card is the primary one, the installed service loads the module while the desktop runs, and
the display sees what the desktop shows on its new monitor. One PASS or FAIL line for each step; what must have arrived is left
in expected.json for seen.py.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e"), str(HERE.parent / "desktops")]

import environments  # noqa: E402
from cast import DIRECT_NETWORK, DIRECT_SINK, DIRECT_SOURCE, SINK, TIME_SCALE, VIDEO_FORMATS, Cast  # noqa: E402
from desktop import Card, DesktopError, end_process, wait_for  # noqa: E402
from login import USER, Login  # noqa: E402
from monitors import edid  # noqa: E402
from mouse import Mouse  # noqa: E402
from radios import SINK_NETNS, run  # noqa: E402
from systemd import Systemd  # noqa: E402
from window import casts_from_the_window, has_a_button, has_an_applet  # noqa: E402

PROGRAMS = pathlib.Path("/mnt/build/desktops")
MODULE = pathlib.Path("/sys/module/miracast")
DRIVER = pathlib.Path("/sys/bus/platform/drivers/miracast")
GNOME_SHELL = HERE.parents[1] / "userspace/gnome-shell"
HELPER = "/usr/libexec/miracast/miracast-module"
RECORDINGS = pathlib.Path("/tmp/sessions")
SECOND_SINK = "10.77.0.3"
# 1280x720 and 1024x768 at 60 Hz, as the displays of one make have them (monitors.edid()).
TWIN_FORMATS = "28 00 01 10 00000061 00000008 00000000 00 0000 0000 00 none none"
# To mutter a card with 3D is the primary one, as a laptop's own; without 3D it would be the module's, which is on the platform
# bus, where it is there when the user logs in.
PRIMARY = pathlib.Path("/etc/udev/rules.d/61-primary.rules")
PRIMARY_RULE = f'ENV{{DEVNAME}}=="{environments.OWN_CARD}", TAG+="mutter-device-preferred-primary"\n'
# 640x480 alone: another display.
SMALL_FORMATS = "00 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none"
SMALL = (640, 480)
# Whose pictures: on the display, and on the laptop's own screen.
OURS, OWN = 0, 1
PAINTERS = {OURS: "painter", OWN: "painter-own"}
TEXTURES_S = 300
# Different pictures that have to arrive: of moving content, and after each of the other events.
MANY, SOME = 10, 3
# More are taken from the desktop: it also draws for another reason than ours.
REPEATS = 2
REPLUGS = 10
# As wide as a cursor may be.
CURSOR_PX = 256
# From the call of a display to its picture, on an emulated processor.
CAST_S = 300
LIT_S = 180
# Until a desktop has done what it was told to. Nothing waits so long where it has been done sooner.
DONE_S = 120
# Nothing new has come from the desktop for so long: it is at rest.
REST_S = 5
# Until display settings have drawn themselves, and what a picture of a screen that is not uniform has at least.
SETTINGS_S = 180
PICTURE_BYTES = 30000
# The module goes when the desktop has let go of the card.
UNLOAD_S = 40


class Machine(Cast):
    """The machine, the installed service, and the displays that call it."""

    def __init__(self, args: argparse.Namespace):
        super().__init__(args)
        self.systemd = Systemd(self.out / "systemd.log")
        self.login = Login(self.systemd, self.out)
        self.displays: list[subprocess.Popen] = []

    def prepare(self) -> None:
        PRIMARY.write_text(PRIMARY_RULE, encoding="ascii")
        for module in ("virtio-gpu", "uinput", "evdev"):
            run("modprobe", module)
        run("tar", "-C", "/", "-x", "-f", "/mnt/build/modules.tar")
        self._wire()
        run("ip", "-n", SINK_NETNS, "addr", "add", f"{SECOND_SINK}/24", "dev", "tv0")
        self.systemd.start()
        self.login.prepare()
        # As the README has it, of users who may cast.
        run("usermod", "-a", "-G", "miracast", USER)
        shutil.copytree(GNOME_SHELL, f"/usr/share/gnome-shell/extensions/{environments.EXTENSION}", dirs_exist_ok=True)
        log = self.out / "miracastd.log"
        # There is no Wi-Fi here.
        self.systemd.configure("miracastd", "ExecStart=", "ExecStart=/usr/libexec/miracastd --verbose --no-p2p",
                               f"StandardOutput=append:{log}", f"StandardError=append:{log}")

    # -- the service -----------------------------------------------------------------------------------------

    def listen(self) -> None:
        """The daemon takes displays that call, for the user, who sees no one else's casts; it has the module loaded."""
        wait_for("miracastd listens", DONE_S, 
                 lambda: self.ctl("listen", DIRECT_SOURCE, "--from", DIRECT_NETWORK, check=False, user=USER) is not None)

    def stop_service(self) -> None:
        self.systemd.inside("systemctl", "stop", "miracastd")

    def kill_daemon(self) -> None:
        self.systemd.inside("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "miracastd")

    @contextlib.contextmanager
    def takes_no_cursor(self) -> Iterator[None]:
        """Session processes that start meanwhile plug in monitors that take no cursor."""
        # The daemon hands on no variables of ours, the sandbox does; what it starts may be no script.
        program = pathlib.Path("/usr/libexec/miracast/miracast-sandbox")
        library = shutil.copy(PROGRAMS / "no-cursor.so", "/usr/lib")
        real = program.rename(program.with_name(f"{program.name}-itself"))
        program.write_text(f'#!/bin/sh\nLD_PRELOAD={library} exec {real} "$@"\n', encoding="ascii")
        program.chmod(0o755)
        try:
            yield
        finally:
            real.rename(program)

    # -- displays --------------------------------------------------------------------------------------------

    def display(self, recording: pathlib.Path, address: str = DIRECT_SINK, formats: str = VIDEO_FORMATS,
                panel: bytes = b"") -> None:
        """A display calls, and is streamed to."""
        options = []
        if panel:
            path = pathlib.Path(f"/tmp/edid-{address}")
            path.write_bytes(panel)
            options = ["--edid", str(path)]
        argv = ["ip", "netns", "exec", SINK_NETNS, str(SINK / "wfd-sink"), "--connect", DIRECT_SOURCE, "--bind", address,
                "--retry", "120", "--out", str(recording), "--video-formats", formats, "--sound", "lpcm-48000",
                "--duration", "100000", "--end", "wait", "--time-scale", TIME_SCALE, "--no-analysis", *options]
        with open(self.out / "sink.log", "ab") as log:
            self.displays.append(subprocess.Popen(argv, stdout=log, stderr=log))
        wait_for("the display is streamed to", CAST_S, lambda: self.streaming() == len(self.displays))

    def streaming(self) -> int:
        return sum(session["state"] == "streaming" for session in self.ctl("status")["sessions"])

    def disconnect(self) -> None:
        self.ctl("disconnect", "all")
        self.forget_displays()

    def forget_displays(self) -> None:
        for process in self.displays:
            if process.poll() is None:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    end_process(process)
        self.displays.clear()


class Trial:
    """One desktop, from the first login to the last logout."""

    def __init__(self, machine: Machine, environment: environments.Environment, expected: list[dict], replugs: int):
        self.machine, self.login = machine, machine.login
        self.environment, self.expected, self.replugs_wanted = environment, expected, replugs
        self.recordings = RECORDINGS / environment.name
        self.recording = ""
        self.number = 0
        # Where the monitor is, and where its painter was told to draw.
        self.connector = self.painted_at = ""
        self.step = ""
        self.progress = {}
        for who in (OURS, OWN):
            path = pathlib.Path(f"/tmp/progress-{environment.name}-{who}")
            path.write_bytes(bytes(8))
            path.chmod(0o666)
            self.progress[who] = path

    # -- what is to be seen ----------------------------------------------------------------------------------

    def drawn(self, who: int = OURS) -> int:
        return struct.unpack("2I", self.progress[who].read_bytes())[1]

    def sent(self) -> int:
        return self.machine.session()["stats"].get("frames-sent", 0)

    def taken(self) -> int:
        """Pictures that the desktop has shown and our process has got; of those that are sent many are the same again."""
        return self.machine.session()["stats"].get("frames-acquired", 0)

    def rests(self) -> None:
        """Nothing is drawn any more; what was drawn last has been taken and sent."""
        before, sent, since = -1, 0, 0.0

        def at_rest() -> bool:
            nonlocal before, sent, since
            now = self.taken()
            if now != before:
                before, sent, since = now, self.sent(), time.monotonic()
            return time.monotonic() - since > REST_S and self.sent() > sent + REPEATS
        wait_for("the desktop is at rest", DONE_S, at_rest)

    @contextlib.contextmanager
    def quiet(self) -> Iterator[None]:
        """Painters stand still: a desktop that draws all that an emulated processor can has no time for what it is told."""
        for unit in PAINTERS.values():
            self.login.signal(unit, signal.SIGSTOP)
        try:
            yield
        finally:
            for unit in PAINTERS.values():
                self.login.signal(unit, signal.SIGCONT)

    def monitors(self) -> dict[str, environments.Monitor]:
        with self.quiet():
            return self.environment.monitors(self.login)

    def title(self, connector: str = "") -> str:
        with self.quiet():
            return self.environment.title(self.login, connector or self.connector)

    @staticmethod
    def card() -> Card:
        return Card("miracast")

    @staticmethod
    def connectors(attribute: str = "status", value: str = "connected") -> list[str]:
        """Those of the module's card of which this is true; none where there is no card."""
        found = []
        for card in pathlib.Path("/sys/class/drm").glob("card?"):
            if (card / "device/driver").resolve().name == "miracast":
                found += [path.parent.name.split("-", 1)[1] for path in sorted(card.glob(f"card?-*/{attribute}"))
                          if path.read_text(encoding="ascii").strip() == value]
        return found

    def dark(self) -> bool:
        return (self.card().path / f"{self.card().name}-{self.connector}/dpms").read_text().strip() != "On"

    def serial(self, connector: str) -> int:
        """In the EDID of the monitor there."""
        data = (self.card().path / f"{self.card().name}-{connector}/edid").read_bytes()
        return struct.unpack_from("<I", data, 12)[0]

    def paint(self, who: int = OURS, connector: str = "") -> None:
        """A new painter, as large as the monitor is now."""
        self.login.end(PAINTERS[who])
        if who == OURS:
            self.painted_at = self.connector
        place = self.environment.place_of_painter(self.login, connector or self.connector)
        self.login.spawn(PAINTERS[who], str(PROGRAMS / self.environment.painter), place, str(self.progress[who]), str(who))

    def stop_painting(self) -> None:
        self.login.end(PAINTERS[OURS])

    def follow(self) -> None:
        """The painter goes on where the monitor is now; X11 programs do not by themselves, nor any to another connector."""
        if self.environment.kind == "x11" or self.painted_at != self.connector or not self.login.runs(PAINTERS[OURS]):
            self.paint()

    def pictures(self, least: int = SOME, who: int = OURS, still: bool = False, settle: int = 3) -> str:
        """Numbered pictures from now on; `settle` of them may belong to what was before."""
        size = self.machine.session()["mode"]
        begin = self.drawn(who) + settle
        wait_for("the painter draws", DONE_S, lambda: self.drawn(who) > begin)
        first, before = self.drawn(who), self.taken()

        def enough() -> bool:
            self.login.check()
            now = self.taken()
            return self.drawn(who) > first + 2 * least and (now if now < before else now - before) > REPEATS * least
        began = time.monotonic()
        wait_for(f"{least} pictures are drawn and taken", DONE_S + 20 * least, enough)
        took = time.monotonic() - began
        if still:
            self.login.signal(PAINTERS[who], signal.SIGSTOP)
            self.rests()
        last = self.drawn(who)
        self.expected.append({"step": self.step, "recording": f"{self.environment.name}/{self.recording}", "who": who,
                              "size": [size["width"], size["height"]], "first": first, "last": last, "least": least,
                              "still": still})
        if still:
            self.login.signal(PAINTERS[who], signal.SIGCONT)
        return f"{last - first} drawn in {took:.0f} s"

    # -- what a user and a display do ------------------------------------------------------------------------

    def plug(self, **kwargs) -> None:
        """A display calls; the desktop extends onto it by itself."""
        self.number += 1
        self.recording = f"sink-{self.number}"
        self.machine.display(self.recordings / self.recording, **kwargs)
        self.lit()

    def lit(self) -> None:
        card = self.card()
        self.connector = wait_for("the monitor is there", DONE_S, lambda: next(iter(self.connectors()), ""))
        if not self.environment.lights:
            self.environment.light(self.login, self.connector)
        wait_for(f"the desktop lights {self.connector}", LIT_S, lambda: self.login.check() and card.enabled(self.connector))
        self.agrees()

    def agrees(self) -> environments.Monitor:
        """The desktop says that it shows there what the display is sent, beside its own screen."""
        sent = shown = None

        def agreed():
            nonlocal sent, shown
            mode = self.machine.session()["mode"]
            sent, shown = (mode["width"], mode["height"]), self.monitors().get(self.connector)
            return shown and shown.size == sent and shown
        try:
            return wait_for(f"the desktop shows on {self.connector} what is sent", LIT_S, agreed)
        except DesktopError as error:
            raise DesktopError(f"{error}: {shown}, and {sent} is sent") from error

    def is_open(self) -> bool:
        """Somebody has the card open."""
        node = f"/dev/dri/{self.card().name}"
        for link in pathlib.Path("/proc").glob("[0-9]*/fd/*"):
            with contextlib.suppress(OSError):
                if str(link.readlink()) == node:
                    return True
        return False

    def unplug(self) -> None:
        self.machine.disconnect()
        self.left()

    def left(self) -> None:
        wait_for("the connector is unplugged", DONE_S, lambda: not self.connectors())
        self.environment.leave(self.login, self.connector)
        # KWin that has nothing to draw closes the card without taking its last picture away.
        wait_for("the desktop leaves the monitor", DONE_S, lambda: not self.connectors("enabled", "enabled") or
                 not self.is_open())
        self.login.check()

    def change_mode(self, mode: environments.Mode) -> None:
        with self.quiet():
            self.environment.set_mode(self.login, self.connector, mode)
        wait_for(f"what is sent is {mode.width}x{mode.height}", DONE_S, lambda: (
            sent := self.machine.session()["mode"]) and (sent["width"], sent["height"]) == mode.size)
        self.agrees()
        self.follow()

    # -- the steps -------------------------------------------------------------------------------------------

    def logs_in(self) -> str:
        if self.environment.takes_new_cards:
            self.login.log_in(self.environment)
            self.machine.listen()
        else:
            self.machine.listen()
            self.login.log_in(self.environment)
        sessions = self.machine.systemd.inside("loginctl", "list-sessions", "--no-legend").strip().splitlines()
        return f"{len(sessions)} session, module {'loaded' if MODULE.exists() else 'missing'}"

    def lit_by_itself_extended(self) -> str:
        self.plug()
        monitor = self.agrees()
        own = self.monitors()[environments.OWN_SCREEN]
        if monitor.place == own.place:
            raise DesktopError(f"{monitor} is not beside {own}")
        return f"{self.title()} at {monitor.place}, {monitor.size[0]}x{monitor.size[1]}"

    def shows_its_settings(self) -> str:
        """A picture of them for the documentation."""
        if not self.environment.settings:
            return "there are none"
        self.login.spawn("settings", *self.environment.settings)
        path = pathlib.Path(f"/tmp/settings-{self.environment.name}.png")

        def drawn() -> bool:
            time.sleep(10)
            self.environment.screenshot(self.login, path)
            return path.stat().st_size > PICTURE_BYTES
        wait_for("the settings are drawn", SETTINGS_S, drawn)
        # What has just come may not be all.
        drawn()
        self.agrees()
        shutil.copyfile(path, self.machine.out / path.name)
        self.login.end("settings")
        return path.name

    def moving_content(self) -> str:
        self.paint()
        return self.pictures(MANY, still=True)

    def changes_mode(self) -> str:
        now = self.agrees().size
        return self._mode(min((mode for mode in self._modes() if mode.size != now), key=lambda mode: mode.size))

    def _modes(self) -> list[environments.Mode]:
        """One of each size, in the desktop's order."""
        return list({mode.size: mode for mode in reversed(self.monitors()[self.connector].modes)}.values())[::-1]

    def _mode(self, mode: environments.Mode) -> str:
        try:
            self.change_mode(mode)
        except NotImplementedError:
            return self.another_display()
        self.pictures()
        return f"{mode.width}x{mode.height}"

    def every_mode(self) -> str:
        return ", ".join(self._mode(mode) for mode in self._modes())

    def replugs(self) -> str:
        for _ in range(self.replugs_wanted):
            self.unplug()
            self.plug()
            self.follow()
            self.pictures()
        return f"{self.replugs_wanted} times"

    def another_display(self) -> str:
        """Of another size: at the same connector, when nobody has that for his any more; then the first again, beside it."""
        before = self.connector
        self.unplug()
        self.machine.ctl("forget", "--all", user=USER)
        # By its address another one to the desktop, too: a known one would get the mode that it had.
        self.plug(formats=SMALL_FORMATS, address=SECOND_SINK)
        if self.agrees().size != SMALL or self.connector != before:
            raise DesktopError(f"{self.agrees()}, not {SMALL} on {before}")
        # KWin 6.3 takes no window that fills a screen already to another one, unless it knows both.
        self.paint()
        self.pictures()
        self.unplug()
        self.plug()
        if self.connector == before:
            raise DesktopError(f"the first display is at {before}, which is the other one's place")
        self.paint()
        self.pictures()
        return f"{SMALL[0]}x{SMALL[1]} at {before}, then the first at {self.connector}"

    def daemon_is_killed(self) -> str:
        self.machine.kill_daemon()
        self.left()
        self.machine.forget_displays()
        self.machine.listen()
        self.plug()
        self.follow()
        return self.pictures()

    def mirrors(self) -> str:
        """The laptop's own screen, whose pictures then arrive; and back."""
        now = self.monitors()
        own, ours = ({mode.size for mode in now[name].modes} for name in (environments.OWN_SCREEN, self.connector))
        size = now[self.connector].size if now[self.connector].size in own else min(own & ours)
        with self.quiet():
            self.environment.mirror(self.login, self.connector, size)
        wait_for(f"what is sent is {size}", DONE_S, lambda: (
            sent := self.machine.session()["mode"]) and (sent["width"], sent["height"]) == size)
        self.paint(OWN, environments.OWN_SCREEN)
        said = self.pictures(who=OWN)
        self.login.end(PAINTERS[OWN])
        with self.quiet():
            self.environment.extend(self.login, self.connector)
        self.agrees()
        # Where screens lie on each other KWin takes windows to the first one, and leaves them there.
        self.paint()
        self.pictures()
        return said

    def cursor(self) -> str:
        plane, said = self._cursor_arrives()
        return f"{'on a plane of its own' if plane else 'drawn by the desktop'}, {said}"

    def _cursor_arrives(self) -> tuple[bool, str]:
        """Over a picture that stands still it arrives where the mouse has been moved to; whether that has a plane of ours."""
        width, height = self.agrees().size
        with Mouse() as mouse:
            wait_for("the desktop listens to the mouse", DONE_S, mouse.is_open)
            time.sleep(3)
            # Who is too busy to read loses movements.
            with self.quiet():
                # Off the corners, which desktops do things in, and over the edge between the screens at a height that both have.
                for x, y, times in ((50, 0, 4), (0, -80, 15), (0, 40, 3), (80, 0, 60), (0, 80, 15)):
                    mouse.move(x, y, times)
                # From the lower right corner to the right margin, where nothing is drawn.
                mouse.move(-6, -20, 5)
            places = [(width - 1 - 30, height - 1 - 100)]
            # The painter says what the cursor looks like.
            time.sleep(2)
            self.login.signal(PAINTERS[OURS], signal.SIGSTOP)
            self.rests()
            for step in range(16):
                move = (12 if step % 4 > 1 else -12, -3)
                mouse.move(*move)
                places.append((places[-1][0] + move[0], places[-1][1] + move[1]))
                time.sleep(0.5)
            self.rests()
            plane = self.has_cursor_plane()
            self.expected.append({"step": self.step, "recording": f"{self.environment.name}/{self.recording}", "who": OURS,
                                  "still at": self.drawn(), "places": places, "least": SOME})
            self.login.signal(PAINTERS[OURS], signal.SIGCONT)
        return plane, self.pictures()

    def has_cursor_plane(self) -> bool:
        """The desktop has the cursor on a plane of ours now: one with a small picture."""
        state = pathlib.Path("/sys/kernel/debug/dri", self.card().name.removeprefix("card"), "state").read_text(encoding="utf-8")
        sizes = [re.search(r"crtc=crtc.*?size=(\d+)x", plane, re.DOTALL) for plane in re.split(r"(?m)^plane\[", state)[1:]]
        return any(size and int(size[1]) <= CURSOR_PX for size in sizes)

    def cursor_is_refused(self) -> str:
        """Of a monitor that takes no cursor (without MIRACAST_PLUG_CURSOR) the desktop draws it into the picture."""
        self.unplug()
        with self.machine.takes_no_cursor():
            self.plug()
            self.follow()
            plane, said = self._cursor_arrives()
            if plane:
                raise DesktopError("the cursor is on a plane of its own")
            self.unplug()
        self.plug()
        self.follow()
        self.pictures()
        return said

    def sleeps_and_wakes(self) -> str:
        with self.quiet():
            self.environment.sleep(self.login, True)
        wait_for("the monitor is dark", DONE_S, self.dark)
        time.sleep(5)
        if not self.dark() or self.machine.streaming() != 1:
            raise DesktopError("the monitor does not stay dark, or the cast has ended")
        with self.quiet():
            self.environment.sleep(self.login, False)
        wait_for("the monitor is lit again", DONE_S, lambda: not self.dark())
        self.agrees()
        return self.pictures()

    def module_is_taken_away(self) -> str:
        """Pulled out under desktop and cast; then the daemon is stopped, which has to be before the module can go."""
        (DRIVER / "unbind").write_text("miracast", encoding="ascii")
        wait_for("the cast ends", DONE_S, lambda: not self.machine.streaming())
        self.machine.stop_service()
        self.machine.forget_displays()
        self.machine.systemd.inside(HELPER, "unload", "--force")
        wait_for("the module goes", UNLOAD_S, lambda: not MODULE.exists())
        self.login.check()
        self.machine.listen()
        self.plug()
        self.follow()
        return self.pictures()

    def logs_out_and_in(self) -> str:
        """While the cast goes on."""
        self.login.log_out()
        return self._logs_in_again()

    def desktop_is_killed(self) -> str:
        self.login.kill()
        self.login.gone()
        return self._logs_in_again()

    def _logs_in_again(self) -> str:
        self.login.log_in(self.environment)
        if self.machine.streaming() != 1:
            raise DesktopError("the cast has ended with the desktop")
        self.lit()
        self.paint()
        said = self.pictures()
        # Displays come and go as for the desktop before.
        self.unplug()
        self.plug()
        # Weston that had the display from its beginning leaves what filled it on the own screen.
        self.paint()
        self.pictures()
        return said

    def tells_displays_apart(self) -> str:
        """Two of one make: which of them had which size is known when they come in another order."""
        self.stop_painting()
        self.unplug()
        addresses = {1001: DIRECT_SINK, 1002: SECOND_SINK}
        self._two(addresses, (1001, 1002))
        known = {self.serial(connector): connector for connector in self.connectors()}
        now = self.monitors()[known[1001]]
        mode = next(offered for offered in now.modes if offered.size != now.size)
        self.environment.remember_mode(self.login, known, 1001, mode)
        wait_for("the first has another size", LIT_S, lambda: self.monitors()[known[1001]].size == mode.size)
        titles = {serial: self.title(connector) for serial, connector in known.items()}
        self.machine.disconnect()
        wait_for("both are unplugged", DONE_S, lambda: not self.connectors())
        time.sleep(5)
        self._two(addresses, (1002, 1001))
        again = {self.serial(connector): connector for connector in self.connectors()}
        if again != known:
            raise DesktopError(f"they were at {known}, and are at {again}")
        wait_for("each has its own size again", LIT_S, lambda: (now := self.monitors()) and
                 now[again[1001]].size == mode.size and now[again[1002]].size not in (None, mode.size))
        self.machine.disconnect()
        wait_for("both are unplugged again", DONE_S, lambda: not self.connectors())
        self.plug()
        self.follow()
        self.pictures()
        return f"{titles}, at {known}, each time"

    def _two(self, addresses: dict[int, str], order: tuple[int, int]) -> None:
        for serial in order:
            self.number += 1
            self.machine.display(self.recordings / f"sink-{self.number}", address=addresses[serial],
                                 formats=TWIN_FORMATS, panel=edid(1280, 720, serial))
        wait_for("both are lit", LIT_S, lambda: sum(
            monitor.mode is not None for monitor in self.monitors().values()) == 3)

    def service_starts_again(self) -> str:
        """As after five minutes without a display: the module has gone, or stays where a desktop needs that."""
        self.machine.stop_service()
        self.machine.forget_displays()
        self.left()
        stays = MODULE.exists()
        self.machine.listen()
        self.plug()
        self.follow()
        return f"the module {'has stayed' if stays else 'had gone'}, {self.pictures()}"

    def module_goes_with_the_service(self) -> str:
        self.machine.stop_service()
        self.machine.forget_displays()
        if not self.environment.lets_go_of_cards:
            self.login.log_out()
            run(HELPER, "unload")
        wait_for("the module goes", UNLOAD_S, lambda: not MODULE.exists())
        if self.environment.lets_go_of_cards:
            self.login.check()
            self.login.log_out()
        return "under the desktop" if self.environment.lets_go_of_cards else "when the user has logged out"

    casts_from_the_window, has_a_button, has_an_applet = casts_from_the_window, has_a_button, has_an_applet
    SHORT = (logs_in, lit_by_itself_extended, moving_content, changes_mode, replugs, sleeps_and_wakes,
             service_starts_again, module_goes_with_the_service)
    LONG = (logs_in, lit_by_itself_extended, shows_its_settings, has_a_button, moving_content, casts_from_the_window,
            has_an_applet, every_mode, mirrors, cursor, cursor_is_refused, sleeps_and_wakes, replugs, another_display,
            service_starts_again, daemon_is_killed, module_is_taken_away, logs_out_and_in, desktop_is_killed,
            tells_displays_apart, module_goes_with_the_service)

    @classmethod
    def steps(cls, args: argparse.Namespace) -> tuple:
        """The list that is wanted, or of the long one what others need and what is named."""
        if args.steps:
            needed = (cls.logs_in, cls.lit_by_itself_extended, cls.moving_content)
            return tuple(step for step in cls.LONG if step.__name__ in args.steps or step in needed)
        return cls.LONG if args.long else cls.SHORT

    def run(self, steps: tuple) -> bool:
        for step in steps:
            name = step.__name__
            self.step = f"{self.environment.name}: {name.replace('_', ' ')}"
            if name in self.environment.cannot:
                print(f"# {self.step}: {self.environment.cannot[name]}", flush=True)
                continue
            began = time.monotonic()
            try:
                print(f"PASS {self.step} ({step(self)}; {time.monotonic() - began:.0f} s)", flush=True)
            except (DesktopError, subprocess.SubprocessError, OSError, LookupError, ValueError, StopIteration) as error:
                detail = getattr(error, "stderr", None) or ""
                print(f"# {type(error).__name__}: {error} {detail}\nFAIL {self.step}", flush=True)
                # What comes after needs what came before.
                return False
        return True

    def end(self) -> None:
        """However far it has come."""
        self.machine.stop_service()
        self.machine.forget_displays()
        for unit in PAINTERS.values():
            self.login.end(unit)
        if self.login.alive():
            self.login.log_out()
        if MODULE.exists():
            run(HELPER, "unload", "--force")
        self.login.forget()
        for path in self.recordings.glob("*/sink.ts"):
            target = self.machine.out / path.relative_to(RECORDINGS)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        shutil.rmtree(self.recordings, ignore_errors=True)


def makes_textures() -> bool:
    """OpenGL's elements, those of NVENC's way, on what Mesa has in the place of a GPU: tests/sessions/textures.c."""
    try:
        said = subprocess.run([PROGRAMS / "textures"], capture_output=True, text=True, check=True, timeout=TEXTURES_S)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"# {error}: {getattr(error, 'stdout', '')} {getattr(error, 'stderr', '')}\n"
              "FAIL OpenGL: makes textures of dma-bufs", flush=True)
        return False
    print(f"PASS OpenGL: makes textures of dma-bufs ({'; '.join(said.stdout.splitlines())})", flush=True)
    return True


def steps_named(text: str) -> set[str]:
    known = {step.__name__ for step in Trial.LONG}
    if unknown := set(text.split(",")) - known:
        raise argparse.ArgumentTypeError(f"no step is called {', '.join(sorted(unknown))}")
    return set(text.split(","))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    able = [name for name, environment in environments.ALL.items() if not environment.unable]
    parser.add_argument("desktop", nargs="*", metavar="DESKTOP", default=able,
                        help=f"{', '.join(environments.ALL)} (default: {', '.join(able)})")
    parser.add_argument("--long", action="store_true", help="all that a user and a display may do")
    parser.add_argument("--steps", type=steps_named, metavar="STEP,…",
                        help=f"of the long list these alone, and what they need: {', '.join(s.__name__ for s in Trial.LONG)}")
    parser.add_argument("--out", default="/out", help="for logs and recordings (default %(default)s)")
    args = parser.parse_args()
    args.link = "direct"
    machine = Machine(args)
    expected: list[dict] = []
    passed = []
    try:
        machine.prepare()
        if not args.steps:
            passed.append(makes_textures())
        for name in args.desktop:
            machine.progress(name)
            trial = Trial(machine, environments.ALL[name](), expected, REPLUGS if args.long or args.steps else 1)
            try:
                passed.append(trial.run(Trial.steps(args)))
            finally:
                trial.end()
    finally:
        (machine.out / "expected.json").write_text(json.dumps(expected, indent=2), encoding="utf-8")
        machine.systemd.stop()
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
