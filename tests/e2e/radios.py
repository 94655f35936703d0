# SPDX-License-Identifier: LGPL-2.1-or-later
"""Simulated Wi-Fi radios, one for us and one in a network namespace of its own. Runs in the virtual machine."""
from __future__ import annotations

import pathlib
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from systemd import Systemd

SINK_NETNS = "sink"
SPARE_NETNS = "spare"
LOG = "/tmp/wpa_supplicant.log"


def run(*argv: str) -> str:
    """Output of a program that ends by itself within less than five minutes."""
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=300).stdout


def interface_of(phy: str, netns: str | None = None) -> str:
    prefix = ("ip", "netns", "exec", netns) if netns else ()
    listing = run(*prefix, "iw", "dev").split("phy#")
    for part in listing[1:]:
        words = part.split()
        if words[0] == phy.removeprefix("phy"):
            return words[words.index("Interface") + 1]
    raise LookupError(f"no interface on {phy}")


class Radios:
    """The radios, and a wpa_supplicant for us as a laptop has it: on the system bus, told nothing about P2P.

    With a systemd it is the installed unit, else a process of ours.
    """

    def __init__(self, logs: pathlib.Path, systemd: Systemd | None = None):
        self.logs = logs
        self.systemd = systemd
        self.supplicant: subprocess.Popen | None = None

    def start(self, radios: int = 2) -> None:
        """The first radio is ours, the second the sink's; give() hands out the others."""
        # Rules of a country where 5 GHz can be used, of the simulation's own: there is no database of the real ones.
        run("modprobe", "mac80211_hwsim", f"radios={radios}", "regtest=5")
        self._phys = self._wait_for_phys(radios)
        for netns in (SINK_NETNS, SPARE_NETNS):
            run("ip", "netns", "add", netns)
        run("ip", "-n", SINK_NETNS, "link", "set", "lo", "up")
        run("iw", "phy", self._phys[1], "set", "netns", "name", SINK_NETNS)
        for phy in self._phys[2:]:
            run("iw", "phy", phy, "set", "netns", "name", SPARE_NETNS)
        self.source_phy = self._phys[0]
        self.source_interface = interface_of(self.source_phy)
        self.sink_phy = self._phys[1]
        self.sink_interface = interface_of(self.sink_phy, SINK_NETNS)
        self._start_supplicant()

    def give(self, number: int, netns: str | None = None) -> str:
        """Radio `number` to that namespace, or to the machine's own. Returns its interface."""
        where = ("name", netns) if netns else ("1",)
        run("ip", "netns", "exec", SPARE_NETNS, "iw", "phy", self._phys[number], "set", "netns", *where)
        return interface_of(self._phys[number], netns)

    def park(self, number: int, netns: str | None = None) -> None:
        """And back again, where it is in nobody's way."""
        prefix = ("ip", "netns", "exec", netns) if netns else ()
        run(*prefix, "iw", "phy", self._phys[number], "set", "netns", "name", SPARE_NETNS)

    def _start_supplicant(self) -> None:
        # Not among the other logs: those lie on a share of the host, and a wpa_supplicant that waits for a
        # write misses the deadlines of a join.
        if self.systemd:
            command = self.systemd.property("wpa_supplicant", "ExecStart").partition("argv[]=")[2].partition(" ;")[0]
            self.systemd.configure("wpa_supplicant", "ExecStart=", f"ExecStart={command} -t -d -f {LOG}")
            self.systemd.inside("systemctl", "restart", "wpa_supplicant")
            return
        with open(LOG, "ab") as log:
            self.supplicant = subprocess.Popen(["wpa_supplicant", "-u", "-t", "-d"], stdout=log, stderr=log)

    @staticmethod
    def _wait_for_phys(count: int) -> list[str]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            phys = sorted((path.name for path in pathlib.Path("/sys/class/ieee80211").glob("phy*")),
                          key=lambda name: int(name.removeprefix("phy")))
            if len(phys) == count:
                return phys
            time.sleep(0.1)
        raise TimeoutError("mac80211_hwsim did not bring its radios within 20 s")

    @staticmethod
    def leftovers() -> list[str]:
        """What a finished session must have removed: P2P group interfaces, addresses on them, DHCP servers."""
        left = [line.split()[1].rstrip(":@") for line in run("ip", "-o", "link").splitlines() if "p2p-" in line]
        dhcp = subprocess.run(["pgrep", "-a", "dnsmasq"], capture_output=True, text=True, check=False).stdout
        return left + dhcp.splitlines()

    def stop(self) -> None:
        if self.supplicant:
            self.supplicant.terminate()
            self.supplicant.wait()
        if pathlib.Path(LOG).exists():
            shutil.copy(LOG, self.logs / "wpa_supplicant.log")
