#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sound of monitors on a user's desktop: two displays, PipeWire and WirePlumber, and those who die.

    sound.py [--release debian-12|debian-13] [--seconds N] [--out DIR]

Runs as root in a virtual machine whose clock counts instructions; prints one PASS or FAIL line for each case. Each case
plays tones of its own, so that heard.py, which listens to what the displays have recorded, knows what is what;
expected.json in --out tells it what they must have heard, what not, and between which bytes the picture must have gone on.
"""
from __future__ import annotations

import argparse
import array
import json
import math
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from cast import DIRECT_NETWORK, DIRECT_SINK, DIRECT_SOURCE, SINK, TIME_SCALE, Cast  # noqa: E402
from desktop import Card, DesktopError, end_process, wait_for  # noqa: E402
from radios import SINK_NETNS, run  # noqa: E402
from screen import Screen  # noqa: E402
from soundserver import RUNTIME, SoundServer, use_beside  # noqa: E402
from stage import demand, pids  # noqa: E402

sys.path.insert(0, str(SINK))

import sound_maker  # noqa: E402

SECOND_SINK = "10.77.0.3"
# 640x480 only: nobody looks.
VIDEO_FORMATS = "00 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none"
RATE, SECONDS, LEVEL = 48000, 1.2, 8192
# What two displays play at the same time, left and right, and what six channels are given, as FL FR FC LFE RL RR.
BOTH = ((440, 660), (880, 1100))
SIX = sound_maker.TONES[6]
SIX_SECONDS = 4
# After a death everything is as before within so long.
AS_BEFORE_S = 2.0
# A user's desktop that draws now and then.
FLIP_S = 0.25
# Priority that a user's sound server may have, as rtkit gives it on a desktop.
REALTIME = 95
# In memory, until the end: who waits for a slow disk waits for ages by a clock that counts instructions.
LOGS = pathlib.Path("/tmp/logs")


class Drawing(threading.Thread):
    """A desktop that shows another picture every quarter of a second, until the end of its with statement."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._screen = Screen(f"/dev/dri/{Card().name}")
        self._over = threading.Event()
        self.shown = 0
        self.error: OSError | None = None

    def __enter__(self) -> Drawing:
        self.start()
        return self

    def run(self) -> None:
        try:
            while not self._over.wait(FLIP_S):
                self._screen.show(white=self.shown % 2 == 0)
                self.shown += 1
        except OSError as error:
            self.error = error

    def __exit__(self, kind, *_) -> None:
        self._over.set()
        self.join(20)
        self._screen.close()
        if not kind:
            demand(not self.is_alive(), "the desktop still waits for its picture to be shown")
            demand(not self.error, f"the desktop: {self.error}")


class Sound(Cast):
    def __init__(self, args: argparse.Namespace):
        self.results, args.out = pathlib.Path(args.out), str(LOGS)
        super().__init__(args)
        self.server = SoundServer(self.out)
        # Names of the nodes: of the laptop's own output, of the first display's and the second's.
        self.speakers = self.output = self.other = ""
        # Names of the displays' recordings.
        self.first = self.second = ""
        self.displays: dict[str, subprocess.Popen] = {}
        self.recordings = 0
        self.expected: dict[str, dict] = {}
        self.failed = 0

    # -- displays ------------------------------------------------------------------------------------------

    def display(self, address: str, sound: str = "lpcm-48000") -> str:
        """A display calls, and its sound card is there; the name of its recording."""
        self.recordings += 1
        name = f"display-{self.recordings}"
        before = self.cards()
        argv = ["ip", "netns", "exec", SINK_NETNS, str(SINK / "wfd-sink"), "--connect", DIRECT_SOURCE, "--bind", address,
                "--retry", "120", "--out", str(LOGS / name), "--video-formats", VIDEO_FORMATS, "--sound", sound,
                "--duration", "100000", "--end", "wait", "--time-scale", TIME_SCALE, "--no-analysis"]
        with open(self.out / "sink.log", "ab") as log:
            self.displays[name] = subprocess.Popen(argv, stdout=log, stderr=log)
        self.expected[name] = {"heard": {}, "not heard": [], "whole": [], "pictures": []}
        wait_for("the display has a sound card", 60, lambda: self.cards() - before)
        wait_for("the session streams", 120, lambda: sum(
            session["state"] == "streaming" for session in self.ctl("status")["sessions"]) == len(self.displays))
        return name

    @staticmethod
    def cards() -> set[int]:
        """Numbers of the displays' sound cards."""
        return {int(path.parent.name[len("card"):]) for path in pathlib.Path("/proc/asound").glob("card[0-9]*/id")
                if path.read_text(encoding="ascii").startswith("Miracast")}

    def disconnect(self, name: str) -> None:
        """The user ends the session of a display, which is the newest."""
        newest = max(session["id"] for session in self.ctl("status")["sessions"])
        self.ctl("disconnect", str(newest))
        self.displays.pop(name).wait(60)

    def default_display(self, other_than: str = "") -> str:
        """The default output, once it is a display's."""
        return wait_for("the display is the default output", 60, lambda: (
            now := self.server.default()).startswith("alsa_output.miracast-") and now != other_than and now)

    # -- sound ---------------------------------------------------------------------------------------------

    @staticmethod
    def tone(hz: int, seconds: float = SECONDS) -> pathlib.Path:
        path = pathlib.Path(f"/tmp/{hz}.wav")
        one = array.array("h", (round(LEVEL * math.sin(2 * math.pi * hz * n / RATE)) for n in range(RATE // 10)))
        both = one * round(10 * seconds)
        sound_maker.write_wav(str(path), [both, both], RATE)
        return path

    @staticmethod
    def signal(hz_of: tuple[int, ...], seconds: float) -> pathlib.Path:
        """What wfdsink/tones.py measures, with these tones."""
        path = pathlib.Path(f"/tmp/signal-{hz_of[0]}.wav")
        sound_maker.write_wav(str(path), sound_maker.signal(seconds, RATE, len(hz_of), hz_of), RATE)
        return path

    def play(self, hz: int, target: str = "") -> None:
        """As a program does: to the default output, unless the user has moved it to another."""
        self.server.run("pw-play", *(("--target", target) if target else ()), str(self.tone(hz)), timeout=60)

    def hears(self, display: str, hz: int, share: float = 1.0) -> None:
        self.expected[display]["heard"][str(hz)] = LEVEL * share

    def not_hears(self, display: str, *tones: int) -> None:
        self.expected[display]["not heard"] += tones

    def hears_all(self, display: str, hz_of: tuple[int, ...], seconds: float) -> None:
        """Every sample of signal(), each channel in its place."""
        self.expected[display]["whole"].append({"tones": hz_of, "seconds": seconds})

    def playing(self) -> tuple[int, int]:
        """Rate and channels of what is played, as the first display's session says."""
        stats = self.session()["stats"]
        return stats.get("sound-rate", 0), stats.get("sound-channels", 0)

    def recorded(self, display: str) -> int:
        """Bytes that a display has recorded by now."""
        return (LOGS / display / "sink.ts").stat().st_size

    def doctor(self) -> dict[str, dict[str, str]]:
        """What miracastctl doctor tells the user of sound, by check."""
        said = self.server.run("miracastctl", "--json", "doctor", check=False)
        report = json.loads(said[said.index("{"):])
        return {check["check"]: check for check in report["checks"] if check["check"].startswith("sound")}

    # -- cases ---------------------------------------------------------------------------------------------

    def bare_alsa(self) -> None:
        """without a sound server: aplay, by the names that a user may give"""
        self.first = self.display(DIRECT_SINK)
        for device, hz in (("hdmi:CARD=Miracast,DEV=0", 410), ("sysdefault:CARD=Miracast", 470)):
            run("aplay", "-q", "-D", device, str(self.tone(hz)))
            self.hears(self.first, hz)

    def starts_beside(self) -> None:
        """a session that begins while a display is connected: it is the default, with its name"""
        self.server.start()
        self.output = name = self.default_display()
        nodes = self.server.nodes()
        self.speakers = next(other for other in nodes if "miracast" not in other)
        properties = nodes[name]
        card = pathlib.Path("/proc/asound/cards").read_text(encoding="utf-8").partition(": Miracast - ")[2].splitlines()[0]
        self.facts["node"] = properties
        demand(properties["device.profile.name"] == "hdmi-stereo", f"its profile is {properties['device.profile.name']}")
        demand(card == self.session()["sink"]["name"], f"the card is called {card}, not as the display")
        demand(properties["node.description"].startswith(card), f"it is called {properties['node.description']}, not {card}")
        said = {check: told["text"] for check, told in self.doctor().items()}
        demand(card in said["sound-card"] and "PipeWire" in said["sound-server"] and
               said["sound-output"] == "the display is the default output", f"doctor says {said}")

    def no_source(self) -> None:
        """it is offered as an output only"""
        sources = self.server.nodes("Audio/Source")
        demand(not any("miracast" in name for name in sources), f"there is a source of it in {list(sources)}")
        cards = self.server.run("pactl", "list", "cards")
        demand("miracast-" in cards, f"it has no card in {cards}")
        card = next(text for text in cards.split("Card #") if "miracast-" in text)
        demand("input" not in card.lower(), f"its card has an input: {card}")

    def mixer(self, volume: int, muted: bool = False) -> None:
        """What the volume and the mute of a desktop's settings do; of the default output."""
        self.server.run("pactl", "set-sink-volume", "@DEFAULT_SINK@", f"{volume}%")
        self.server.run("pactl", "set-sink-mute", "@DEFAULT_SINK@", str(int(muted)))

    def says_muted(self) -> str:
        """What miracastctl doctor advises, once it says that the display is muted."""
        return wait_for("doctor says that it is muted", 10, lambda: (
            said := self.doctor()["sound-output"])["text"].endswith("muted") and said["next"])

    def volume(self) -> None:
        """volume and mute act on what the display gets"""
        for hz, volume, share in ((530, 100, 1.0), (590, 50, 0.125)):
            self.mixer(volume)
            self.play(hz)
            self.hears(self.first, hz, share)
        self.mixer(100, muted=True)
        try:
            self.play(610)
            self.not_hears(self.first, 610)
            advice = self.says_muted()
        finally:
            self.mixer(100)
        demand(advice == "pactl set-sink-mute @DEFAULT_SINK@ 0", f"doctor advises {advice}")

    def node_muted(self) -> None:
        """what is muted behind the back of the desktop's settings is named, and heard again as doctor advises"""
        self.server.run("pw-cli", "set-param", str(self.server.nodes()[self.output]["id"]), "Props", "{ mute: true }")
        try:
            self.play(350)
            self.not_hears(self.first, 350)
            advice = self.says_muted()
            self.server.run("sh", "-ec", advice)
            said = self.doctor()["sound-output"]["text"]
            demand(said == "the display is the default output", f"doctor says {said} when it is not muted any more")
            self.play(730)
            self.hears(self.first, 730)
        finally:
            self.mixer(100, muted=True)
            self.mixer(100)

    def two_displays(self) -> None:
        """a second display takes the default output; each hears all of its own sound at the same time"""
        self.second = self.display(SECOND_SINK)
        self.other = self.default_display(other_than=self.output)
        self.mixer(100)
        seconds = self.args.seconds
        targets = ((self.first, self.output), (self.second, self.other))
        files = [self.signal(hz_of, seconds) for hz_of in BOTH]
        players = [self.server.spawn("pw-play", "--target", target, str(file))
                   for (_, target), file in zip(targets, files)]
        for player in players:
            demand(player.wait(seconds + 60) == 0, "pw-play failed")
        self.facts["stats"] = [session["stats"] for session in self.ctl("status")["sessions"]]
        for (display, _), hz_of in zip(targets, BOTH):
            self.hears_all(display, hz_of, seconds)

    def returns(self) -> None:
        """the default output goes back when a display goes"""
        self.disconnect(self.second)
        wait_for("the first display is the default output again", 10, lambda: self.server.default() == self.output)
        self.play(790)
        self.hears(self.first, 790)

    def chosen(self) -> None:
        """who has moved away from a display stays away from it, and comes back by choice"""
        self.server.choose(self.speakers)
        wait_for("the speakers are the default output", 10, lambda: self.server.default() == self.speakers)
        self.play(1030)
        self.not_hears(self.first, 1030)
        self.second = self.display(SECOND_SINK)
        demand(self.default_display() == self.other, f"it is {self.server.default()} now, not {self.other}")
        self.disconnect(self.second)
        wait_for("the speakers are the default output again", 10, lambda: self.server.default() == self.speakers)
        self.server.choose(self.output)
        wait_for("the display is the default output", 10, lambda: self.server.default() == self.output)

    def _server_dies(self, hz: int, *programs: str) -> None:
        """Programs of the sound server die; they start again, and the display is the default output."""
        began = time.monotonic()
        self.server.kill(*programs)
        # What died answers no more; what is asked at once may still be of before.
        time.sleep(0.2)
        wait_for("the display is the default output", 30, lambda: self.server.default(timeout=1) == self.output)
        took = time.monotonic() - began
        name = " and ".join(programs) or "all of the sound server"
        self.facts[name] = round(took, 2)
        self.progress(f"{name}: as before after {took:.2f} s")
        demand(took < AS_BEFORE_S, f"all was as before after {took:.2f} s only")
        self.server.wait()
        self.play(hz)
        self.hears(self.first, hz)

    def server_dies(self) -> None:
        """SIGKILL of the sound server: the display is the default output again"""
        # WirePlumber writes down what was chosen a second later.
        time.sleep(2)
        self._server_dies(830)

    def pipewire_dies(self) -> None:
        """SIGKILL of pipewire: the display is the default output again"""
        self._server_dies(1090, "pipewire")

    def wireplumber_dies(self) -> None:
        """SIGKILL of wireplumber: the display is the default output again"""
        self._server_dies(1150, "wireplumber")

    def _goes(self, name: str, kill) -> None:
        """The display's session dies: the speakers are the default output, in time."""
        killed: list[float] = []

        def death() -> None:
            killed.append(time.monotonic())
            kill()
        took = self.server.default_became(self.speakers, 60, death) - killed[0]
        self.displays.pop(self.first).wait(90)
        self.facts[name] = round(took, 2)
        self.progress(f"{name}: as before after {took:.2f} s")
        demand(not self.cards(), "the sound card is still there")
        demand(took < AS_BEFORE_S, f"all was as before after {took:.2f} s only")

    def session_dies(self) -> None:
        """SIGKILL of the session process while something plays: the speakers are the default output again"""
        player = self.server.spawn("pw-play", str(self.tone(890)))
        time.sleep(1)

        def kill() -> None:
            for pid in pids("miracast-umd"):
                os.kill(pid, signal.SIGKILL)
        self._goes("session process", kill)
        demand(player.wait(30) == 0, "the player did not go on on the speakers")

    def formats(self) -> None:
        """the sound server changes rate and channels of what plays: the picture goes on"""
        self.first = self.display(DIRECT_SINK, "lpcm-48000,ac3-6")
        demand(self.default_display() == self.output, f"it is {self.server.default()} now, not {self.output}")
        card = next(line.split()[1] for line in self.server.run("pactl", "list", "short", "cards").splitlines()
                    if "miracast-" in line)
        with Drawing() as drawing:
            wait_for("pictures are sent", 60, lambda: drawing.shown > 4)
            session = self.session()
            shown, begin = drawing.shown, self.recorded(self.first)
            player = self.server.spawn("pw-play", str(self.tone(1210, 12)))
            for what, rate, channels, argv in (
                    ("rate", 44100, 2, ("pw-metadata", "-n", "settings", "0", "clock.force-rate", "44100")),
                    ("rate", 48000, 2, ("pw-metadata", "-n", "settings", "0", "clock.force-rate", "48000")),
                    ("channels", 48000, 6, ("pactl", "set-card-profile", card, "output:hdmi-surround")),
                    ("channels", 48000, 2, ("pactl", "set-card-profile", card, "output:hdmi-stereo")),
                    ("channels", 48000, 6, ("pactl", "set-card-profile", card, "output:hdmi-surround"))):
                self.server.run(*argv)
                wait_for(f"{what} of what plays: {rate} Hz, {channels} channels", 10,
                         lambda wanted=(rate, channels): self.playing() == wanted)
                demand(player.poll() is None, "the player has ended before all was changed")
            demand(player.wait(30) == 0, "pw-play failed")
            self.hears(self.first, 1210)
            surround = self.output.replace("hdmi-stereo", "hdmi-surround")
            wait_for(f"{surround} is the default output", 10, lambda: self.server.default() == surround)
            self.mixer(100)
            self.server.run("pw-play", "--channel-map", "FL,FR,FC,LFE,RL,RR", str(self.signal(SIX, SIX_SECONDS)))
            self.hears_all(self.first, SIX, SIX_SECONDS)
            shown = drawing.shown - shown
            # What has been shown is recorded by then.
            time.sleep(1)
            self.expected[self.first]["pictures"].append(
                {"begin": begin, "end": self.recorded(self.first), "shown": shown})
        self.server.run("pactl", "set-card-profile", card, "output:hdmi-stereo")
        now = self.session()
        demand(now["id"] == session["id"] and now["mode"] == session["mode"],
               f"the session is {now['id']} in {now['mode']}, not {session['id']} in {session['mode']}")
        self.facts["agreed"] = session["mode"]
        demand((session["mode"]["audio"], session["mode"]["audio-channels"]) == ("AC3", 6),
               f"agreed on {session['mode']}")

    def daemon_dies(self) -> None:
        """SIGKILL of the daemon: the speakers are the default output again, and nothing is left behind"""
        wait_for("the display is the default output", 10, lambda: self.server.default() == self.output)
        self.play(970)
        self.hears(self.first, 970)
        self._goes("daemon", self.broker.kill)
        self.broker.wait()
        demand(self.server.configured() in ("", self.speakers), f"{self.server.configured()} is left behind")

    # -- all of it -----------------------------------------------------------------------------------------

    def prepare(self) -> None:
        super().prepare()
        run("ip", "-n", SINK_NETNS, "addr", "add", f"{SECOND_SINK}/24", "dev", "tv0")
        resource.setrlimit(resource.RLIMIT_RTPRIO, (REALTIME, REALTIME))
        # The laptop's speakers.
        run("modprobe", "snd-dummy")
        if self.args.release == "debian-12":
            use_beside(self.args.release)

    def case(self, function) -> bool:
        text = function.__doc__
        try:
            function()
        except (DesktopError, subprocess.SubprocessError, OSError, LookupError, ValueError, TimeoutError) as error:
            self.failed += 1
            detail = getattr(error, "stdout", None) or getattr(error, "stderr", None) or ""
            print(f"# {error} {detail}\n# default {self.server.default() if RUNTIME.exists() else ''}\nFAIL {text}", flush=True)
            return False
        print(f"PASS {text}", flush=True)
        return True

    def run(self) -> None:
        try:
            self.prepare()
            self.start_broker()
            self.ctl("listen", DIRECT_SOURCE, "--from", DIRECT_NETWORK)
            for function in (self.bare_alsa, self.starts_beside, self.no_source, self.volume, self.node_muted,
                             self.two_displays, self.returns, self.chosen, self.server_dies, self.pipewire_dies,
                             self.wireplumber_dies, self.session_dies, self.formats, self.daemon_dies):
                self.progress(function.__doc__)
                self.case(function)
        finally:
            self.server.stop()
            for process in self.displays.values():
                end_process(process)
            self.stop()
            self.facts["cards"] = pathlib.Path("/proc/asound/cards").read_text(encoding="utf-8")
            (LOGS / "expected.json").write_text(json.dumps(self.expected, indent=2), encoding="utf-8")
            (LOGS / "sound.json").write_text(json.dumps(self.facts, indent=2), encoding="utf-8")
            shutil.copytree(LOGS, self.results, dirs_exist_ok=True, copy_function=shutil.copyfile)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", choices=("debian-12", "debian-13"), default="debian-13")
    parser.add_argument("--seconds", type=int, default=20,
                        help="of the sound of which nothing may be lost (default %(default)s)")
    parser.add_argument("--out", default="/out", help="directory for the results (default %(default)s)")
    args = parser.parse_args()
    args.link = "direct"
    sound = Sound(args)
    sound.run()
    return sound.failed > 0


if __name__ == "__main__":
    sys.exit(main())
