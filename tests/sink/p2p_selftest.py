#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Self test of wfd-sink-p2p with two simulated radios. Needs root and mac80211_hwsim: run it in the test VM.

    tests/vm/vm run -- python3 /mnt/src/tests/sink/p2p_selftest.py [OUT]

The source's side is the scripted source behind a wpa_supplicant; its WFD element names another port than 7236.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import ts_maker  # noqa: E402
from fake_source import FakeSource  # noqa: E402
from wfdsink.wpa import Control, Supplicant, words  # noqa: E402

OUT = sys.argv.pop() if len(sys.argv) > 1 and sys.argv[-1].startswith("/") else tempfile.mkdtemp(prefix="p2p-")
NAMESPACE = "sink"
OWNER = "192.168.49.1"
PORT = 7250
SLOW = 10.0                             # an emulated machine


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def interface_of(phy: str, *prefix: str) -> str:
    for _ in range(100):
        for line in run(*prefix, "iw", "dev").split(f"{phy.replace('phy', 'phy#')}\n")[-1].splitlines():
            if line.strip().startswith("Interface"):
                return line.split()[1]
        time.sleep(0.1)
    raise RuntimeError(f"{phy} has no interface")


class Source:
    """The source's wpa_supplicant, in the machine's own namespace."""

    def __init__(self, interface: str, directory: str):
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        self.supplicant = Supplicant(interface, directory, {
            "device_name": "Test source", "device_type": "1-0050F204-1",
            "config_methods": "push_button virtual_push_button"})
        self.control: Control = self.supplicant.connect(60)
        self.events: Control = self.supplicant.connect(60)
        self.events.ok("ATTACH")
        self.control.ok("SET wifi_display 1")
        self.control.ok(f"WFD_SUBELEM_SET 0 00060010{PORT:04x}00c8")

    def wait(self, name: str, seconds: float = 60) -> list:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            event, plain, named = words(self.events.event(1.0) or "")
            if event == name:
                return [plain, named]
        raise TimeoutError(name)

    def stop(self) -> None:
        self.control.close()
        self.events.close()
        self.supplicant.stop()


class P2p(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        run("modprobe", "mac80211_hwsim", "radios=2")
        run("ip", "netns", "add", NAMESPACE)
        cls.inside = ["ip", "netns", "exec", NAMESPACE]
        phys = sorted(os.listdir("/sys/class/ieee80211"))
        cls.source_interface = interface_of(phys[0])
        run("iw", "phy", phys[1], "set", "netns", "name", NAMESPACE)
        cls.sink_interface = interface_of(phys[1], *cls.inside)

    def sink(self, name: str, *arguments: str) -> subprocess.Popen:
        self.out = os.path.join(OUT, name)
        sink = subprocess.Popen([*self.inside, sys.executable, os.path.join(HERE, "wfd-sink-p2p"), "--interface",
                                 self.sink_interface, "--out", self.out, "--duration", "3", "--time-scale", str(SLOW),
                                 *arguments])
        self.addCleanup(self.end, sink)
        return sink

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        process.terminate()
        process.wait()

    def source(self, name: str) -> Source:
        source = Source(self.source_interface, os.path.join(OUT, name, "source"))
        self.addCleanup(source.stop)
        return source

    def connect(self, source: Source, intent: int) -> tuple[str, str]:
        """(group interface, our role) after finding the sink and pushing the button."""
        source.control.ok("P2P_FIND")
        plain, named = source.wait("P2P-DEVICE-FOUND")
        self.assertEqual(named["wfd_dev_info"], "0x0011000000c8")
        source.control.ok(f"P2P_CONNECT {plain[0]} pbc go_intent={intent}")
        plain, _ = source.wait("P2P-GROUP-STARTED")
        return plain[0], plain[1]

    def stream(self, address: str) -> FakeSource:
        url = f"rtsp://{address}:{PORT}/wfd1.0/streamid=0 none"
        server = FakeSource({"url": url}, address=address, port=PORT, patience=60,
                            units=[ts_maker.access_unit(n % 5 == 0) for n in range(10)])
        server.start()
        return server

    def test_join_owner(self) -> None:
        """The source owns the group and hands out the address."""
        sink = self.sink("client", "--no-analysis")
        source = self.source("client")
        interface, role = self.connect(source, 14)
        self.assertEqual(role, "GO")
        run("ip", "addr", "add", f"{OWNER}/24", "dev", interface)
        dnsmasq = subprocess.Popen(["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
                                    f"--interface={interface}", "--bind-interfaces", "--except-interface=lo",
                                    "--dhcp-range=192.168.49.10,192.168.49.20,1h", "--pid-file=",
                                    "--dhcp-leasefile=/tmp/leases"])
        self.addCleanup(self.end, dnsmasq)
        self.stream(OWNER)
        self.assertEqual(sink.wait(90), 0)
        self.check("client", OWNER)

    def test_sink_owns(self) -> None:
        """The sink owns the group; the source takes a lease from it."""
        sink = self.sink("owner", "--no-analysis", "--go-intent", "15", "--accept-after", "0.2")
        source = self.source("owner")
        interface, role = self.connect(source, 0)
        self.assertEqual(role, "client")
        lease = os.path.join(self.out, "source", "lease")
        client = subprocess.Popen(["busybox", "udhcpc", "-f", "-i", interface, "-s", os.path.join(HERE, "udhcpc-event")],
                                  env={**os.environ, "LEASE_FILE": lease})
        self.addCleanup(self.end, client)
        while not os.path.exists(lease):
            time.sleep(0.1)
        with open(lease, encoding="ascii") as file:
            address = file.readline().strip().partition("=")[2]
        self.stream(address)
        self.assertEqual(sink.wait(90), 0)
        self.check("GO", address)

    def check(self, role: str, host: str) -> None:
        with open(os.path.join(self.out, "p2p.json"), encoding="utf-8") as file:
            link = json.load(file)["links"][0]
        self.assertEqual((link["role"], link["host"], link["port"]), (role, host, PORT))
        with open(os.path.join(self.out, "report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertTrue(report["played"])
        self.assertGreater(report["rtp"]["packets"], 0)
        self.assertEqual(report["violations"], [])

    def test_reject(self) -> None:
        """A display that says no before it is asked: it has seen the source in its own search."""
        sink = self.sink("reject", "--answer", "reject", "--p2p-state", "find", "--p2p-timeout", "4")
        source = self.source("reject")
        source.control.ok("P2P_FIND")
        plain, _ = source.wait("P2P-DEVICE-FOUND")
        log = Path(self.out, "wpa_supplicant.log")
        while "P2P-DEVICE-FOUND" not in log.read_text(encoding="utf-8"):
            time.sleep(0.2)
        source.control.ok(f"P2P_CONNECT {plain[0]} pbc go_intent=14")
        _, named = source.wait("P2P-GO-NEG-FAILURE")
        self.assertEqual(named["status"], "11")
        self.assertEqual(sink.wait(90), 4)


if __name__ == "__main__":
    unittest.main(verbosity=2)
