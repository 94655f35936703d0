# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two simulated Wi-Fi radios, one for us and one in a network namespace of its own. Runs in the virtual machine."""
from __future__ import annotations

import pathlib
import shutil
import subprocess
import time

SINK_NETNS = "sink"
LOG = "/tmp/wpa_supplicant.log"


def run(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def interface_of(phy: str, netns: str | None = None) -> str:
    prefix = ("ip", "netns", "exec", netns) if netns else ()
    listing = run(*prefix, "iw", "dev").split("phy#")
    for part in listing[1:]:
        words = part.split()
        if words[0] == phy.removeprefix("phy"):
            return words[words.index("Interface") + 1]
    raise LookupError(f"no interface on {phy}")


class Radios:
    """The radios, and a wpa_supplicant for us as a laptop has it: on the system bus, told nothing about P2P."""

    def __init__(self, logs: pathlib.Path):
        self.logs = logs
        self.supplicant: subprocess.Popen | None = None

    def start(self) -> None:
        run("modprobe", "mac80211_hwsim", "radios=2")
        phys = self._phys()
        run("ip", "netns", "add", SINK_NETNS)
        run("ip", "-n", SINK_NETNS, "link", "set", "lo", "up")
        run("iw", "phy", phys[1], "set", "netns", "name", SINK_NETNS)
        self.source_interface = interface_of(phys[0])
        self.sink_interface = interface_of(phys[1], SINK_NETNS)
        # Not among the other logs: those lie on a share of the host, and a wpa_supplicant that waits for a
        # write misses the deadlines of a join.
        with open(LOG, "ab") as log:
            self.supplicant = subprocess.Popen(["wpa_supplicant", "-u", "-t", "-d"], stdout=log, stderr=log)

    @staticmethod
    def _phys() -> list[str]:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            phys = sorted(path.name for path in pathlib.Path("/sys/class/ieee80211").glob("phy*"))
            if len(phys) == 2:
                return phys
            time.sleep(0.1)
        raise TimeoutError("mac80211_hwsim brought no two radios within 20 s")

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
            shutil.copy(LOG, self.logs / "wpa_supplicant.log")
