#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays a known WAV file with bare aplay on the monitor's card, and flashes on its connector with the clicks.

Runs as root in a virtual machine that counts instructions, without desktop or sound server; leaves the sink's recording and play.json in --out.
sound_check.py judges them on the host. What the kernel says is the measure here: the play starts at the trigger time of
the PCM's status, and a flash was seen at the time of its flip.
"""
from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from cast import DIRECT_SINK, DIRECT_SOURCE, RECORDINGS, SINK, TIME_SCALE, Cast  # noqa: E402
from desktop import Card, DesktopError, wait_for  # noqa: E402
from radios import SINK_NETNS  # noqa: E402
from screen import Screen  # noqa: E402

VIDEO_FORMATS = "00 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none"
FLASH_S = 0.3
# The flip of a flash is asked for so long before its click: it waits for the next vertical blank.
AHEAD_S = 0.008
# How far the PCM's own account of its position may be from its trigger time.
POSITION_S = 0.005
# From what aplay writes to the packet that it leaves in, as the daemon tells it.
LATENCY_US = {"lpcm": 25000, "aac": 40000, "ac3": 50000}


class Play(Cast):
    def start_sink(self) -> None:
        self.progress("the sink, in its own network namespace")
        argv = [str(SINK / "wfd-sink"), "--connect", DIRECT_SOURCE, "--bind", DIRECT_SINK, "--retry", "120",
                "--out", RECORDINGS, "--video-formats", VIDEO_FORMATS, "--sound", self.args.sound,
                "--duration", "100000", "--end", "wait", "--time-scale", TIME_SCALE, "--no-analysis"]
        with open(self.out / "sink.log", "ab") as log:
            self.sink = subprocess.Popen(["ip", "netns", "exec", SINK_NETNS, *argv], stdout=log, stderr=log)

    @staticmethod
    def card() -> int | None:
        """The number of the monitor's sound card."""
        for path in sorted(pathlib.Path("/proc/asound").glob("card*/id")):
            if path.read_text(encoding="ascii").strip().startswith("Miracast"):
                return int(path.parent.name[len("card"):])
        return None

    @staticmethod
    def status(card: int) -> dict[str, str]:
        """The PCM's status file; empty where nothing is open."""
        text = pathlib.Path(f"/proc/asound/card{card}/pcm0p/sub0/status").read_text(encoding="ascii")
        return {name.strip(): value.strip() for name, _, value in
                (line.partition(":") for line in text.splitlines()) if value}

    def played_from(self, card: int) -> float:
        """When the first sample was due, by the PCM's trigger time; its position must agree."""
        state = wait_for("aplay plays", 30, lambda: (one := self.status(card)).get("state") == "RUNNING" and one)
        rate = self.rate()
        start = float(state["trigger_time"])
        found = []
        for _ in range(10):
            state = self.status(card)
            found.append(float(state["tstamp"]) - int(state["hw_ptr"]) / rate - start)
            time.sleep(0.05)
        self.facts["position_ms"] = [round(one * 1000, 2) for one in found]
        off = statistics.median(found)
        if abs(off) > POSITION_S:
            raise DesktopError(f"the PCM's position is {off * 1000:.1f} ms off its trigger time")
        return start

    def rate(self) -> int:
        return 44100 if self.args.sound == "lpcm-44100" else 48000

    def play(self, card: int, screen: Screen) -> None:
        channels = 6 if self.args.sound.endswith("-6") else 2
        # In memory: aplay must not wait for the share.
        wav = pathlib.Path("/tmp/played.wav")
        subprocess.run([str(SINK / "sound_maker.py"), "--seconds", str(self.args.seconds), "--rate", str(self.rate()),
                        "--channels", str(channels), "--alsa", str(wav)], check=True)
        with open(self.out / "aplay.log", "wb") as log, subprocess.Popen(
                ["aplay", "-v", "-D", f"hw:{card}", str(wav)], stdout=log, stderr=log) as player:
            start = self.played_from(card)
            self.progress(f"aplay plays since {start:.3f} s")
            second, offsets = 2, []
            while second < self.args.seconds and player.poll() is None:
                due = start + second
                time.sleep(max(0.0, due - AHEAD_S - time.monotonic()))
                shown = screen.show(white=True)
                offsets.append((second, round((shown - due) * 1000, 3)))
                time.sleep(FLASH_S)
                screen.show(white=False)
                second = int(time.monotonic() - start) + 1
                self.facts["stats"] = self.session()["stats"]
            began = time.monotonic()
            status = player.wait(60)
            self.facts["aplay"] = {"status": status, "drained_s": round(time.monotonic() - began, 2)}
        os.unlink(wav)
        self.facts["flashes"] = offsets
        if status:
            raise DesktopError(f"aplay ended with status {status}, see aplay.log")
        if "underrun" in (self.out / "aplay.log").read_text(encoding="utf-8", errors="replace"):
            raise DesktopError("aplay was too late with its samples, so that nothing can be said of ours: see aplay.log")
        stats = self.facts["stats"]
        limit = LATENCY_US[self.args.sound.partition("-")[0]]
        if stats["sound"] != "playing" or not 0 < stats["sound-latency-median-us"] <= limit:
            raise DesktopError(f"sound is {stats['sound']} and {stats['sound-latency-median-us']} us on its way")
        if stats["sound-lost-us"] or stats["sound-skipped-us"]:
            raise DesktopError(f"{stats['sound-lost-us']} us of sound were lost, {stats['sound-skipped-us']} us skipped")

    def run(self) -> None:
        self.prepare()
        screen = None
        try:
            self.start_broker()
            self.connect()
            card = wait_for("the monitor has a sound card", 30, lambda: (n := self.card()) is not None and [n])[0]
            self.facts["cards"] = pathlib.Path("/proc/asound/cards").read_text(encoding="utf-8")
            screen = Screen(f"/dev/dri/{Card().name}")
            screen.show(white=True)
            screen.show(white=False)
            time.sleep(2)
            self.play(card, screen)
            time.sleep(2)
            screen.close()
            screen = None
            self.ctl("disconnect", "all")
            self.sink.wait(120)
            wait_for("the sound card is gone", 30, lambda: self.card() is None)
        finally:
            (self.out / "play.json").write_text(json.dumps(self.facts, indent=2) + "\n", encoding="utf-8")
            if screen:
                screen.close()
            self.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="of sound (default %(default)s)")
    parser.add_argument("--sound", default="lpcm-48000", help="what the sink takes, as wfd-sink --sound (default %(default)s)")
    parser.add_argument("--out", default="/out", help="directory for the results (default %(default)s)")
    args = parser.parse_args()
    args.link = "direct"
    try:
        Play(args).run()
    except (DesktopError, subprocess.SubprocessError, OSError, LookupError, ValueError) as error:
        detail = getattr(error, "stderr", None)
        print(f"sound_play: {error}" + (f"\n{detail}" if detail else ""), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
