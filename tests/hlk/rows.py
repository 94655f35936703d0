#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The rows of Windows' "Wireless Display Verify …" list that need a desktop and displays. See README.md.

    rows.py [--out DIR] [--programs DIR] [ROW…]

Runs as root in a virtual machine: the module, miracastd as it is installed, Sway, two scripted displays on a cable. Prints
a line "PASS Row: what was seen" or "FAIL Row: what was not" for each.
"""
from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "desktops"), str(HERE.parent / "e2e")]

import compositors  # noqa: E402
import monitors  # noqa: E402
from cast import DIRECT_SINK, SINK  # noqa: E402
from desktop import Card, DesktopError, wait_for  # noqa: E402
from radios import SINK_NETNS, run  # noqa: E402
from stage import SESSION, Stage, demand, pids  # noqa: E402

sys.path.insert(0, str(SINK))

from wfdsink import media  # noqa: E402

SECOND_SINK = "10.77.0.3"
SINKS = (DIRECT_SINK, SECOND_SINK)
# 720p at 30 Hz, and the mandatory mode: what two displays at a time can be sent by an emulated processor.
SMALL = ("--video-formats", "28 00 01 10 00000021 00000000 00000000 00 0000 0000 00 none none")
# A state between Stopped and Started, and Started itself, in the words of the session's state machine.
STARTING = {"linking", "rtsp", "negotiating"}
STARTED = "streaming"
ROUNDS = 3
ELD_MAKER, EDID_MAKER, ID_LENGTH = 16, 8, 4
# MIRACAST_TEST_IOC_SUSPEND of the test module, whose argument is (any target, whether to suspend).
TEST_NODE = "/dev/miracast_test"
IOC_SUSPEND = 1 << 30 | 8 << 16 | 0xDC << 8 | 0xF9


class Sway(compositors.Sway):
    """A desktop as stage.py wants it, with something that moves on each monitor."""

    PAINTED = ("Virtual-1", "Virtual-2")

    def enliven(self) -> None:
        """Something moves on each monitor from now on. Sway dies of a window that comes before its first monitor."""
        for who, connector in enumerate(self.PAINTED[len(self.processes) - 1:], len(self.processes) - 1):
            progress = self.runtime / f"progress-{who}"
            progress.write_bytes(bytes(8))
            self.paint(connector, progress, who)

    def running(self) -> bool:
        return self.check()

    def connectors(self) -> list[str]:
        """What it shows something on."""
        return sorted(self.outputs())

    def wait_output(self, seconds: float = 60) -> str:
        connector = wait_for("Sway lights a monitor", seconds, lambda: next(iter(self.connectors()), None))
        self.enliven()
        return connector

    def output(self, connector: str, *words: str) -> None:
        self.tell("swaymsg", " ".join(("output", connector, *words)))

    def described(self) -> dict[str, dict]:
        return {output["name"]: output
                for output in json.loads(self.tell("swaymsg", "--raw", "-t", "get_outputs"))}


class Rows(Stage):
    """One method a row; each leaves nothing behind, and returns what was seen."""

    def __init__(self, out: str, programs: pathlib.Path):
        super().__init__(out)
        self.programs = programs

    # -- steps -----------------------------------------------------------------------------------------------

    def sessions(self) -> list[dict]:
        return self.ctl("status")["sessions"]

    def sent(self) -> dict[int, int]:
        """How often each session has sent a picture, be it the same once more."""
        return {session["id"]: session["stats"].get("frames-sent", 0) for session in self.sessions()}

    def wait_streaming(self, number: int) -> list[dict]:
        found = wait_for(f"{number} sessions stream", 150, lambda: (
            sessions := self.sessions()) and [session["state"] for session in sessions] == [STARTED] * number and sessions)
        wait_for(f"{number} monitors are lit", 60, lambda: len(self.desktop.connectors()) == number)
        self.desktop.enliven()
        return found

    def disconnect(self, *sinks: subprocess.Popen) -> None:
        """As a user does it; the displays are told, and nothing is left."""
        own = {session["id"] for session in self.sessions()}
        demand(len(own) == len(sinks or (self.sink,)), f"sessions are {own}")
        self.ctl("disconnect", "all")
        for sink in sinks or (self.sink,):
            demand(sink.wait(60) == 0, f"the display ended with status {sink.returncode}, see sink.log")
        self.gone()
        ended = {session["id"]: session["reason"] for session in self.ctl("status")["ended"]}
        demand({ended.get(session) for session in own} == {"disconnected"}, f"sessions {own} ended as {ended}")

    def connector(self) -> str:
        return self.desktop.card.connectors()[0]

    def sysfs(self, connector: str) -> pathlib.Path:
        return self.desktop.card.path / f"{self.desktop.card.name}-{connector}"

    def dialogue(self) -> str:
        """What the newest display was told and said until now."""
        return (self.sink_out() / "rtsp.log").read_text(encoding="utf-8", errors="replace")

    # -- the rows --------------------------------------------------------------------------------------------

    def support(self) -> str:
        """Miracast Support"""
        demand(os.path.exists("/dev/miracast"), "no /dev/miracast")
        self.streams()
        drivers = [os.readlink(f"/proc/{pid}/exe") for pid in pids(SESSION)]
        demand(len(drivers) == 1 and drivers[0].endswith("/miracast-umd"), f"sessions are {drivers}")
        demand(drivers[0] != os.readlink(f"/proc/{self.broker.pid}/exe"), "the daemon is the driver")
        self.disconnect()
        return f"module, device node, and a user-mode driver that is a program of its own ({drivers[0]})"

    def session_connect_disconnect(self) -> str:
        """Session Connect Disconnect"""
        for _ in range(ROUNDS):
            for address in SINKS:
                self.start_sink(*SMALL, address=address)
                self.wait_streaming(1)
                self.disconnect()
            both = [self.start_sink(*SMALL, address=address) for address in SINKS]
            self.wait_streaming(2)
            self.pictures_flow()
            self.disconnect(*both)
        return f"{ROUNDS} times one display, the other, and both at once; each started, each ended as asked for"

    def monitor_arrival_departure(self) -> str:
        """Monitor Arrival Departure"""
        for _ in range(ROUNDS):
            demand(not self.desktop.connectors(), "a monitor is there before its display")
            self.streams()
            demand(self.desktop.connectors() == self.desktop.card.connectors(), "the desktop has other monitors than the card")
            self.disconnect()
            wait_for("the monitor leaves the desktop", 20, lambda: not self.desktop.connectors())
        return f"{ROUNDS} times the monitor came to the desktop and went"

    def monitor_disconnect(self) -> str:
        """Monitor Disconnect"""
        self.start_sink(*SMALL, "--duration", "5", "--end", "teardown")
        self.wait_streaming(1)
        reason = self.reason()
        demand(reason == "sink-left", f"reason {reason}")
        self.gone()
        demand(self.sink.wait(60) == 0, f"the display ended with status {self.sink.returncode}")
        wait_for("the monitor leaves the desktop", 20, lambda: not self.desktop.connectors())
        return f"the display left: the monitor went, the session ended ({reason}), and the display was answered"

    def message_timeouts(self) -> str:
        """Message Timeouts"""
        # Three seconds are three seconds, also where all else is given more time.
        self.start_sink(*SMALL, "--time-scale", "1", "--misbehave", "slow-answers")
        seen = set()

        def streaming() -> bool:
            sessions = self.sessions()
            demand(not self.ctl("status")["ended"] or self.ctl("status")["ended"][-1]["id"] <= self.newest, "the session ended")
            seen.update(session["state"] for session in sessions)
            return STARTED in seen
        wait_for("a display that takes 3 s for each answer is streamed to", 150, streaming)
        demand(seen <= STARTING | {STARTED}, f"states {seen}")
        self.pictures_flow()
        self.disconnect()
        return "each answer came after 3 s; the session was starting, then started, and nothing else"

    def mode_change(self) -> str:
        """Mode Change"""
        self.streams()
        connector = self.connector()
        modes = {(mode["width"], mode["height"], mode["refresh"])
                 for mode in self.desktop.described()[connector]["modes"]}
        now = self.session()["mode"]
        sizes = [(now["width"], now["height"])]
        for width, height, refresh in sorted(modes):
            self.desktop.output(connector, "mode", f"{width}x{height}@{refresh / 1000}Hz")
            wait_for(f"{width}x{height} at {refresh} mHz is what is sent", 90, lambda: (
                mode := self.session()["mode"]) and (mode["width"], mode["height"]) == (width, height)
                and abs(mode["refresh"] - refresh) < 100)
            self.pictures_flow(2)
            if sizes[-1] != (width, height):
                sizes.append((width, height))
        asked = self.dialogue().count("wfd_video_formats:")
        self.disconnect()
        seen = [(sps.width, sps.height) for sps in media.read_recording(str(self.sink_out() / "sink.ts"), []).sps]
        arrived = [size for number, size in enumerate(seen) if number == 0 or seen[number - 1] != size]
        demand(arrived == sizes, f"the display saw {arrived} instead of {sizes}")
        demand(asked >= len(sizes), f"the display was told {asked} modes, {len(sizes)} wanted")
        return f"all {len(modes)} modes of the monitor, at their refresh rates, and pictures of each size at the display"

    def sink_failed_to_set_mode(self) -> str:
        """Sink Failed To Set Mode"""
        self.start_sink(*SMALL, "--misbehave", "m4-303")
        reason = self.reason()
        demand(reason == "mode-refused", f"reason {reason}")
        message = next(session["message"] for session in self.ctl("status")["ended"] if session["id"] > self.newest)
        self.end_sink()
        self.gone()
        self.start_sink("--misbehave", "m4-in-play-303")
        self.wait_streaming(1)
        self.desktop.output(self.connector(), "mode", "640x480")
        wait_for("the display refuses the mode", 60, lambda: "303 See Other" in self.dialogue())
        wait_for("the refused mode is left", 60, lambda: self.session()["mode"]["width"] != 640 and
                 self.desktop.outputs()[self.connector()] != (640, 480))
        self.pictures_flow()
        self.disconnect()
        return f'refused at the start: "{message}"; refused while playing: another one, and the stream goes on'

    def topology(self) -> str:
        """Topology"""
        both = [self.start_sink(*SMALL, address=address) for address in SINKS]
        self.wait_streaming(2)
        first, second = self.desktop.connectors()
        for place in ((1280, 0), (0, 720), (-1280, 0), (0, -720)):
            self.desktop.output(second, "position", *(str(number) for number in place))
            self.pictures_flow()
            demand(self.desktop.connectors() == [first, second], f"lit are {self.desktop.connectors()}")
        for alone, other in ((first, second), (second, first)):
            self.desktop.output(other, "disable")
            wait_for("one monitor is dark", 20, lambda: self.desktop.connectors() == [alone])
            demand(len(self.desktop.card.connectors()) == 2, "a dark monitor is unplugged")
            before = self.shown()
            wait_for("the desktop's pictures go to one display", 60, lambda: sorted(
                number >= before[session] + 3 for session, number in self.shown().items()) == [False, True])
            self.desktop.output(other, "enable")
            wait_for("both monitors are lit", 20, lambda: self.desktop.connectors() == [first, second])
            self.pictures_flow()
        self.disconnect(*both)
        return "two displays beside and above one another on all four sides, and each alone"

    def edid(self) -> str:
        """EDID"""
        # One whose preferred mode the display takes: what is not in common is not offered.
        for serial in (1, 2, 3):
            panel = monitors.edid(1280, 720, serial)
            path = self.out / f"edid-{serial}.bin"
            path.write_bytes(panel)
            self.start_sink(*SMALL, "--edid", str(path))
            self.wait_streaming(1)
            reported = (self.sysfs(self.connector()) / "edid").read_bytes()
            demand(reported == panel, f"EDID {serial} is not the display's: {reported.hex()}")
            self.disconnect()
        return "three panels one after another at the same connector, each with its own EDID, byte for byte"

    def monitor_off(self) -> str:
        """Monitor Off"""
        self.streams()
        connector = self.connector()
        self.desktop.output(connector, "power", "off")
        wait_for("the display is told to stand by", 60, lambda: re.search(r"\| wfd_standby\s*$", self.dialogue(), re.MULTILINE))
        time.sleep(3)
        before = self.sent(), self.shown()
        time.sleep(3)
        demand((self.sent(), self.shown()) == before, "pictures are sent into standby")
        self.desktop.output(connector, "power", "on")
        self.pictures_flow()
        self.disconnect()
        return "the monitor switched off: the display stands by and nothing is sent; switched on: pictures again"

    def sleep(self) -> str:
        """Sleep"""
        run("load-module", "miracast_test")
        self.streams()
        with open(TEST_NODE, "rb", buffering=0) as test:
            fcntl.ioctl(test, IOC_SUSPEND, struct.pack("2I", 0, 1))
            time.sleep(2)
            before = self.shown()
            time.sleep(3)
            demand(self.shown() == before, "a suspended monitor has new pictures")
            fcntl.ioctl(test, IOC_SUSPEND, struct.pack("2I", 0, 0))
        self.pictures_flow(before=before)
        self.disconnect()
        self.streams()
        self.disconnect()
        return "the device suspended under a stream: no picture; resumed: pictures again, and another session starts"

    def container_id(self) -> str:
        """Container ID"""
        self.start_sink(*SMALL)
        self.wait_streaming(1)
        connector = self.connector()
        panel = (self.sysfs(connector) / "edid").read_bytes()
        card = wait_for("a sound card hangs on the connector", 20, lambda: next(
            (path for path in pathlib.Path("/sys/class/sound").glob("card?")
             if os.path.realpath(path / "device") == os.path.realpath(self.sysfs(connector))), None))
        said = run("amixer", "-c", card.name.removeprefix("card"), "cget", "iface=PCM,name='ELD'")
        eld = bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", said.split(":", 1)[1]))
        maker = panel[EDID_MAKER:EDID_MAKER + ID_LENGTH]
        demand(eld[ELD_MAKER:ELD_MAKER + ID_LENGTH] == maker, f"ELD {eld.hex()} is of another monitor than {maker.hex()}")
        self.disconnect()
        wait_for("the sound card goes with its monitor", 20, lambda: not card.exists())
        return "the sound card hangs on the monitor's connector, with its maker and product in the ELD; it goes with it"

    def opm(self) -> str:
        """OPM On Real Sink"""
        self.start_sink(*SMALL, "--misbehave", "hdcp-wanted")
        self.wait_streaming(1)
        properties = run("modetest", "-M", "miracast", "-c")
        demand("EDID" in properties, "modetest shows no properties")
        demand("Content Protection" not in properties, "content protection is reported, and cannot be had")
        self.pictures_flow()
        self.disconnect()
        return "content protection is not reported, which is a pass; a display that offers it is streamed to"

    # -- all of it -------------------------------------------------------------------------------------------

    ROWS = (support, session_connect_disconnect, monitor_arrival_departure, monitor_disconnect, message_timeouts,
            mode_change, sink_failed_to_set_mode, topology, edid, monitor_off, sleep, container_id, opm)

    def row(self, function) -> None:
        began = time.monotonic()
        try:
            print(f"PASS {function.__doc__}: {function(self)} ({time.monotonic() - began:.0f} s)", flush=True)
        except (DesktopError, subprocess.SubprocessError, OSError, LookupError, ValueError) as error:
            self.failed += 1
            print(f"FAIL {function.__doc__}: {error} {getattr(error, 'stderr', '') or ''}", flush=True)
            with contextlib.suppress(DesktopError, subprocess.SubprocessError):
                self.ctl("disconnect", "all", check=False)
                self.end_sink()
                self.gone()

    def run(self, wanted: list[str]) -> None:
        self._wire()
        run("ip", "-n", SINK_NETNS, "addr", "add", f"{SECOND_SINK}/24", "dev", "tv0")
        run("load-module", "miracast")
        run("modprobe", "snd-pcm")
        run("start-services", "udev", "dbus")
        self.desktop = Sway(Card(), self.programs, self.out)
        try:
            self.desktop.start()
            self.start_broker()
            self.listen()
            for function in self.ROWS:
                if not wanted or function.__name__ in wanted:
                    self.row(function)
        finally:
            self.stop()
            self.desktop.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default="/out")
    parser.add_argument("--programs", type=pathlib.Path, default=pathlib.Path("/mnt/build/desktops"))
    names = [function.__name__ for function in Rows.ROWS]
    parser.add_argument("row", nargs="*", help=", ".join(names))
    args = parser.parse_args()
    if unknown := set(args.row) - set(names):
        parser.error(f"there is no row {', '.join(unknown)}")
    rows = Rows(args.out, args.programs)
    rows.run(args.row)
    return 1 if rows.failed else 0


if __name__ == "__main__":
    sys.exit(main())
