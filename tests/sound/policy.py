#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What WirePlumber does with the sound of displays: which output becomes the default, and when not.

    policy.py debian-12|debian-13

Runs in the chroot (tests/vm/vm chroot --overlay) without a kernel's sound: nodes of PipeWire that play to nowhere stand
for the outputs. tests/sound/in-vm has true ones. One PASS or FAIL line each.
"""
from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from soundserver import HOME, SoundServer, use_beside  # noqa: E402

DATA = pathlib.Path(__file__).resolve().parents[2] / "data/wireplumber"
INSTALLED = pathlib.Path("/usr/share/wireplumber")
SPEAKERS, HEADSET = "alsa_output.pci-0000_00_1f.3.analog-stereo", "alsa_output.usb-Headset-00.analog-stereo"
TV, TV_51 = (f"alsa_output.miracast-Living_room_TV-0badcafe.hdmi-{profile}" for profile in ("stereo", "surround"))
# Same name, another device; as WirePlumber names two devices that call themselves alike.
TV2 = "alsa_output.miracast-Living_room_TV-0badcaff.2.hdmi-stereo"
NODE = "{{ factory.name=support.null-audio-sink node.name={} media.class=Audio/Sink object.linger=true " \
       "audio.position=[FL,FR] priority.session={} }}"
# What is said to stay so is watched for so long.
STAYS_S = 1.5
AS_BEFORE_S = 2
# See GONE_MS and START_MS in miracast.lua.
GONE_S, START_S = 1.5, 5.5

failed = False


def display_free(name: str) -> bool:
    """Whether what was chosen is no display."""
    return "miracast-" not in name


class Policy:
    def __init__(self, out: pathlib.Path):
        self._out = out
        self.server = SoundServer(out)

    def start(self) -> None:
        self.server.start()
        self.plug(SPEAKERS, 1009)
        self.becomes("the speakers are the default", SPEAKERS)
        time.sleep(START_S)

    def plug(self, name: str, priority: int = 1000) -> None:
        self.server.run("pw-cli", "create-node", "adapter", NODE.format(name, priority))

    def unplug(self, *names: str) -> None:
        nodes = self.server.nodes()
        for name in names:
            self.server.run("pw-cli", "destroy", str(nodes[name]["id"]))
        time.sleep(GONE_S)

    def report(self, passed: bool, name: str) -> None:
        global failed
        if not passed:
            failed = True
            print(f"# default {self.server.default()}, configured {self.server.configured()}, of "
                  f"{', '.join(self.server.nodes())}")
        print("PASS" if passed else "FAIL", name, flush=True)

    def becomes(self, name: str, output: str, seconds: float = 8) -> None:
        deadline = time.monotonic() + seconds
        while self.server.default() != output and time.monotonic() < deadline:
            time.sleep(0.05)
        self.report(self.server.default() == output, name)

    def stays(self, name: str, output: str, seconds: float = STAYS_S) -> None:
        deadline = time.monotonic() + seconds
        while self.server.default() == output and time.monotonic() < deadline:
            time.sleep(0.05)
        self.report(self.server.default() == output, name)

    def restart(self, *programs: str) -> None:
        """Kills the sound server; the kernel's cards are there again at once, as they never were away."""
        present = list(self.server.nodes())
        self.server.kill(*programs)
        time.sleep(2)
        self.server.wait()
        for name in present:
            self.plug(name)

    # -- what is to be seen --------------------------------------------------------------------------------

    def nothing_chosen(self) -> None:
        self.plug(TV, 700)
        self.becomes("a TV that connects becomes the default", TV)
        node = str(self.server.nodes()[TV]["id"])
        began = []

        def unplug() -> None:
            began.append(time.monotonic())
            self.server.run("pw-cli", "destroy", node)
        took = self.server.default_became(SPEAKERS, 20, unplug) - began[0]
        self.report(took < AS_BEFORE_S, f"the speakers are the default again within {AS_BEFORE_S:g} s ({took:.2f} s)")
        time.sleep(GONE_S)

    def chosen(self) -> None:
        self.server.choose(SPEAKERS)
        self.plug(TV, 700)
        self.becomes("it becomes the default though the user had chosen the speakers before", TV)
        self.unplug(TV)
        self.becomes("and they are the default again", SPEAKERS)
        self.plug(HEADSET)
        self.server.choose(HEADSET)
        self.becomes("the user chooses a headset while no TV is connected", HEADSET)
        self.plug(TV, 700)
        self.becomes("that is no choice against the TV", TV)
        self.unplug(TV)
        self.becomes("after which the headset is the default again", HEADSET)
        self.unplug(HEADSET)
        self.becomes("without the headset, the speakers", SPEAKERS)

    def moved_away(self) -> None:
        self.plug(TV, 700)
        self.becomes("the TV is connected", TV)
        self.server.choose(SPEAKERS)
        self.becomes("the user moves away from it", SPEAKERS)
        self.unplug(TV)
        self.plug(TV, 700)
        self.stays("who moved away from a TV stays away when it connects again", SPEAKERS)
        self.plug(TV2, 700)
        self.becomes("that does not hold for another TV of the same name", TV2)
        self.unplug(TV2)
        self.becomes("which leaves the speakers, not the first TV", SPEAKERS)
        self.restart()
        self.stays("it is remembered by the sound server's next process", SPEAKERS, START_S + STAYS_S)
        self.server.choose(TV)
        self.becomes("the user chooses the TV", TV)
        self.unplug(TV)
        self.becomes("which goes", SPEAKERS)
        self.plug(TV, 700)
        self.becomes("from then on it becomes the default as before", TV)
        self.unplug(TV)

    def profiles(self) -> None:
        self.plug(TV, 700)
        self.becomes("the TV's stereo profile", TV)
        self.server.run("pw-cli", "destroy", str(self.server.nodes()[TV]["id"]))
        self.plug(TV_51, 700)
        self.becomes("another profile of the default is the default", TV_51)
        self.plug(TV2, 700)
        self.becomes("another TV connects", TV2)
        self.server.run("pw-cli", "destroy", str(self.server.nodes()[TV_51]["id"]))
        self.plug(TV, 700)
        self.stays("another profile of a TV that is not the default changes nothing", TV2)
        self.unplug(TV, TV2)
        self.becomes("both are gone", SPEAKERS)
        self.report(self.server.configured() == SPEAKERS, "and neither is left behind as what was chosen")
        self.plug(TV, 700)
        self.becomes("two TVs, the first", TV)
        self.plug(TV2, 700)
        self.becomes("two TVs, the second", TV2)
        self.unplug(TV2)
        self.becomes("the second goes", TV)
        self.unplug(TV)
        self.becomes("the first goes", SPEAKERS)
        self.report(self.server.configured() == SPEAKERS, "and neither is left behind as what was chosen")

    def deaths(self) -> None:
        self.plug(TV, 700)
        self.becomes("two TVs, the first", TV)
        self.plug(TV2, 700)
        self.becomes("two TVs, the second", TV2)
        self.server.choose(TV)
        self.becomes("the user chooses the first", TV)
        time.sleep(2)
        self.restart()
        self.becomes("after a crash of the sound server it is as before", TV)
        self.stays("and stays so", TV, START_S)
        self.restart("pipewire")
        self.becomes("after one of PipeWire alone, too", TV)
        self.stays("and stays so, too", TV, START_S)
        self.unplug(TV2, TV)
        self.server.kill("wireplumber")
        time.sleep(2)
        self.server.wait()
        self.becomes("after a crash without TVs the speakers are the default", SPEAKERS)
        time.sleep(START_S)
        self.plug(TV2, 700)
        self.stays("the second, which the user had left for the first, stays away", SPEAKERS)
        self.plug(TV, 700)
        self.becomes("the first does not", TV)
        self.unplug(TV, TV2)
        self.server.choose(SPEAKERS)
        self.plug(TV, 700)
        self.becomes("the TV is connected", TV)
        time.sleep(2)
        self.server.run("pw-cli", "destroy", str(self.server.nodes()[TV]["id"]))
        self.becomes("it goes", SPEAKERS)
        time.sleep(0.2)
        # Before WirePlumber has written down that it went back, which it does a second later.
        self.server.kill("wireplumber")
        time.sleep(2)
        self.server.wait()
        time.sleep(START_S)
        self.report(display_free(self.server.configured()), "a TV that went just before a crash is not left behind")

    def run(self) -> None:
        self.start()
        for step in (self.nothing_chosen, self.chosen, self.moved_away, self.profiles, self.deaths):
            step()
        log = (self._out / "wireplumber.log").read_text(errors="replace")
        self.report("miracast.lua" not in log, "the script reports no error")


def main() -> int:
    release = sys.argv[1]
    if release == "debian-12":
        use_beside(release)
    # Debian 12 has none yet.
    (INSTALLED / "wireplumber.conf.d").mkdir(exist_ok=True)
    shutil.copy(DATA / "60-miracast.conf", INSTALLED / "wireplumber.conf.d")
    shutil.copy(DATA / "miracast.lua", INSTALLED / "scripts")
    out = pathlib.Path(tempfile.mkdtemp(prefix="sound-"))
    version = subprocess.run(["wireplumber", "--version"], capture_output=True, text=True, check=True).stdout
    print(f"# {version.splitlines()[-1].strip()}, state in {HOME}")
    policy = Policy(out)
    try:
        policy.run()
    finally:
        policy.server.stop()
        if failed:
            print((out / "wireplumber.log").read_text(errors="replace")[-4000:])
    return failed


if __name__ == "__main__":
    sys.exit(main())
