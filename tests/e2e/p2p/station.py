# SPDX-License-Identifier: LGPL-2.1-or-later
"""The radio has a network of its own, by its wpa_supplicant, which no NetworkManager tells what to do."""
from __future__ import annotations

import contextlib
import re
import subprocess

from p2p.expectations import Expected
from p2p.neighbours import NETWORK
from p2p.scene import Scene
from p2p.waiting import demand, wait_for
from radios import run

# The other end of the network, and ours.
DISPLAY = "10.55.0.1"
OWN = "10.55.0.2"


class Station:
    """The association of our radio, by its wpa_supplicant, which no NetworkManager tells what to do."""

    def __init__(self, scene: Scene):
        self.interface = scene.radios.source_interface

    def cli(self, *words: str) -> str:
        return run("wpa_cli", "-p", "/run/wpa_supplicant", "-i", self.interface, *words).strip()

    def join(self) -> None:
        run("gdbus", "call", "--system", "--dest", "fi.w1.wpa_supplicant1", "--object-path", "/fi/w1/wpa_supplicant1",
            "--method", "fi.w1.wpa_supplicant1.CreateInterface", f"{{'Ifname': <'{self.interface}'>}}")
        number = self.cli("add_network")
        for setting in (("ssid", f'"{NETWORK}"'), ("key_mgmt", "NONE")):
            demand(self.cli("set_network", number, *setting) == "OK", f"wpa_supplicant takes no {setting}")
        self.cli("select_network", number)
        wait_for("the station is associated", self.bssid)
        run("ip", "addr", "replace", f"{OWN}/24", "dev", self.interface)
        wait_for("the network is there", self.echoes)

    def bssid(self) -> str:
        found = re.search(r"Connected to (\S+)", run("iw", "dev", self.interface, "link"))
        return found.group(1) if found else ""

    def frequency(self) -> float:
        found = re.search(r"freq: ([\d.]+)", run("iw", "dev", self.interface, "link"))
        return float(found.group(1)) if found else 0

    def echoes(self) -> bool:
        return subprocess.run(["busybox", "ping", "-c", "1", "-W", "3", DISPLAY], stdout=subprocess.DEVNULL,
                              check=False).returncode == 0

    def undisturbed(self, expected: Expected) -> None:
        """The network carries something."""
        wait_for("the network is there", self.echoes, expected["network-seconds"])

    def connected_seconds(self) -> int:
        """Since it has associated last."""
        return int(re.search(r"connected time:\s*(\d+)", run("iw", "dev", self.interface, "station", "dump")).group(1))


@contextlib.contextmanager
def station(scene: Scene):
    link = Station(scene)
    try:
        link.join()
        yield link
    finally:
        # It takes the interface along, which it was given.
        scene.systemd.inside("systemctl", "restart", "wpa_supplicant")
        run("ip", "addr", "flush", "dev", link.interface)
