#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Casts a real desktop to the test sink. Runs as root in a virtual machine, leaves everything in --out.

Nothing is judged here: judge.py does that from the files, on the host, where decoding is fast.

    cast.py --link p2p|direct [--seconds N] [--out DIR]
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from desktop import Card, Desktop, DesktopError, wait_for  # noqa: E402
from radios import SINK_NETNS, Radios, run  # noqa: E402

SINK = HERE.parent / "sink"
SINK_NAME = "Living room TV"
# Native 1280x720p30 (CEA bit 5), everything up to 1920x1080p60 possible; LPCM 48 kHz and AAC.
VIDEO_FORMATS = "28 00 01 10 000001FF 00000000 00000000 00 0000 0000 00 none none"
# Emulated processors are an order of magnitude slower than what the specification's timers were made for.
TIME_SCALE = "10"
# Where the sink writes while it runs: in memory, so that it loses no packet to a slow disk.
RECORDINGS = "/tmp/sink"
DIRECT_SOURCE, DIRECT_SINK, DIRECT_NETWORK = "10.77.0.1", "10.77.0.2", "10.77.0.0/24"


class Cast:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.out = pathlib.Path(args.out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.started = time.monotonic()
        self.facts: dict = {"link": args.link, "monotonic_offset": time.time() - time.monotonic()}
        self.broker: subprocess.Popen | None = None
        self.sink: subprocess.Popen | None = None
        self.radios = Radios(self.out)

    def progress(self, text: str) -> None:
        print(f"[{time.monotonic() - self.started:6.1f} s] {text}", flush=True)

    # -- the machine -----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        self.progress("module, udev, system bus")
        run("load-module", "miracast")
        run("start-services", "udev", "dbus")
        if self.args.link == "p2p":
            self.progress("two simulated radios, wpa_supplicant")
            self.radios.start()
        else:
            self._wire()

    @staticmethod
    def _wire() -> None:
        """A cable between us and the sink's network namespace."""
        run("modprobe", "veth")
        run("ip", "netns", "add", SINK_NETNS)
        run("ip", "link", "add", "cast0", "type", "veth", "peer", "name", "tv0", "netns", SINK_NETNS)
        run("ip", "addr", "add", f"{DIRECT_SOURCE}/24", "dev", "cast0")
        run("ip", "link", "set", "cast0", "up")
        run("ip", "-n", SINK_NETNS, "addr", "add", f"{DIRECT_SINK}/24", "dev", "tv0")
        run("ip", "-n", SINK_NETNS, "link", "set", "tv0", "up")

    def start_broker(self) -> None:
        self.progress("miracastd")
        # What `make install` does: accounts for the sessions, and what they know of encoders.
        run("systemd-sysusers", "miracast.conf")
        run("systemd-tmpfiles", "--create", "miracast.conf")
        with open(self.out / "miracastd.log", "ab") as log:
            self.broker = subprocess.Popen(["/usr/libexec/miracastd", "--verbose"], stdout=log, stderr=log)
        # Whoever asks sooner has the bus start another one, which would be in this one's way.
        run("gdbus", "wait", "--system", "--timeout", "60", "org.miracast.Miracast1")
        wait_for("miracastd answers", 60, lambda: self.ctl("status", check=False) is not None)

    def start_sink(self) -> None:
        self.progress("the sink, in its own network namespace")
        common = ["--out", RECORDINGS, "--video-formats", VIDEO_FORMATS, "--audio-codecs", self.args.audio,
                  "--duration", "100000", "--end", "wait", "--time-scale", TIME_SCALE, "--no-analysis"]
        if self.args.link == "p2p":
            argv = [str(SINK / "wfd-sink-p2p"), "--interface", self.radios.sink_interface, "--name", SINK_NAME]
        else:
            argv = [str(SINK / "wfd-sink"), "--connect", DIRECT_SOURCE, "--bind", DIRECT_SINK, "--retry", "120"]
        with open(self.out / "sink.log", "ab") as log:
            self.sink = subprocess.Popen(["ip", "netns", "exec", SINK_NETNS, *argv, *common], stdout=log, stderr=log)

    # -- miracastctl -----------------------------------------------------------------------------------------

    def ctl(self, *argv: str, check: bool = True, user: str = ""):
        """JSON that miracastctl printed, or None when it failed and check is False. It is run by root, or by the user."""
        who = ["runuser", "-u", user, "--"] if user else []
        done = subprocess.run([*who, "miracastctl", "--json", *argv], capture_output=True, text=True, timeout=300, check=False)
        with open(self.out / "miracastctl.log", "a", encoding="utf-8") as log:
            print("$ miracastctl", *argv, file=log)
            print(done.stdout, done.stderr, sep="", file=log)
        if done.returncode == 0:
            return json.loads(done.stdout)
        if check:
            raise DesktopError(f"miracastctl {' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}")
        return None

    def session(self) -> dict:
        sessions = self.ctl("status")["sessions"]
        if not sessions:
            raise DesktopError("the session has ended, see miracastd.log")
        return sessions[0]

    def connect(self) -> None:
        self.progress("connecting")
        self.facts["connect_t"] = time.monotonic()
        if self.args.link == "p2p":
            self.ctl("connect", SINK_NAME, "--seconds", "180")
        else:
            self.ctl("listen", DIRECT_SOURCE, "--from", DIRECT_SINK)
            self.start_sink()
            wait_for("the sink's session streams", 180, lambda: any(
                session["state"] == "streaming" for session in self.ctl("status")["sessions"]))
        self.progress("streaming")

    # -- the cast --------------------------------------------------------------------------------------------

    def stream(self, desktop: Desktop) -> None:
        began = time.monotonic()
        self.facts["connector"] = desktop.wait_output()
        while time.monotonic() - began < self.args.seconds:
            time.sleep(3)
            stats = self.session()["stats"]
            self.progress(f"{stats['frames-sent']} frames sent")
        # One instant for both pictures: clients stop drawing, the stream catches up, the compositor is asked what it
        # shows. Before and after, everything moves.
        desktop.freeze()
        time.sleep(4)
        self.facts["still_from"] = time.time()
        desktop.screenshot(self.out / "desktop.png")
        time.sleep(2)
        self.facts["still_to"] = time.time()
        desktop.thaw()
        self.progress("picture taken")
        time.sleep(3)
        self.facts["desktop_alive"] = desktop.running()
        self.facts["session"] = self.session()
        self.progress("disconnecting")
        self.ctl("disconnect", "all")
        self.sink.wait(120)
        wait_for("the connector is unplugged", 30, lambda: not desktop.card.connectors())
        self.facts["desktop_alive_after"] = desktop.running()
        if self.args.link == "p2p":
            wait_for("the P2P group is gone", 30, lambda: not self.radios.leftovers())

    def run(self) -> None:
        self.prepare()
        desktop = Desktop(Card(), self.out)
        try:
            self.progress("Weston and its clients")
            desktop.start()
            self.start_broker()
            if self.args.link == "p2p":
                self.start_sink()
            desktop.start_clients()
            self.connect()
            self.stream(desktop)
        finally:
            (self.out / "cast.json").write_text(json.dumps(self.facts, indent=2) + "\n", encoding="utf-8")
            desktop.stop()
            self.stop()

    def stop(self) -> None:
        for process in (self.sink, self.broker):
            if process and process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
        self.radios.stop()
        if os.path.isdir(RECORDINGS):
            shutil.copytree(RECORDINGS, self.out, dirs_exist_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--link", choices=("p2p", "direct"), default="p2p")
    parser.add_argument("--seconds", type=float, default=20, help="seconds of moving picture (default %(default)s)")
    parser.add_argument("--audio", default="LPCM 00000002 00, AAC 00000001 00", help="the sink's wfd_audio_codecs")
    parser.add_argument("--out", default="/out", help="directory for the results (default %(default)s)")
    try:
        Cast(parser.parse_args()).run()
    except (DesktopError, subprocess.SubprocessError, OSError, LookupError) as error:
        detail = getattr(error, "stderr", None)
        print(f"cast: {error}" + (f"\n{detail}" if detail else ""), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
