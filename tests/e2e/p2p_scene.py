# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the scenarios of p2p_link.py are made of: miracastd as installed, a display, and how the machine is."""
from __future__ import annotations

import ipaddress
import json
import os
import pathlib
import re
import subprocess
import time

from patience import wait
from radios import SINK_NETNS, Radios, run
from systemd import Systemd

HERE = pathlib.Path(__file__).resolve().parent
SINK = HERE.parent / "sink" / "wfd-sink-p2p"
SINK_NAME = "Living room TV"
RUNTIME = pathlib.Path("/run/miracast")
# A display that plays until the source ends it, and is as slow as the machine; what it has recorded is nobody's concern.
WITHOUT_END = ("--duration", "100000", "--end", "wait", "--time-scale", "10", "--no-analysis")
UNIT = "miracastd"
# What the daemon remembers of displays.
DISPLAYS = pathlib.Path("/var/lib/miracast/displays")
# The emulated machine is slow; these are limits for a hang, not measurements.
PATIENCE = 90


class Failure(Exception):
    pass


def wait_for(what: str, condition, seconds: float = PATIENCE):
    """The first true value of condition(), see patience.py."""
    result, refused = wait(condition, seconds, 0.3)
    if not result:
        raise Failure(f"waited {seconds:.0f} s in vain: {what}{refused}")
    return result


def demand(condition, what: str) -> None:
    if not condition:
        raise Failure(what)


def ctl(*argv: str) -> tuple[int, dict]:
    done = subprocess.run(["miracastctl", "--json", *argv], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, json.loads(done.stdout)


def wfd_element() -> str:
    """What wpa_supplicant announces for us, as gdbus prints it."""
    return run("gdbus", "call", "--system", "--dest", "fi.w1.wpa_supplicant1", "--object-path",
               "/fi/w1/wpa_supplicant1", "--method", "org.freedesktop.DBus.Properties.Get",
               "fi.w1.wpa_supplicant1", "WFDIEs").strip()


def property_of(path: str, interface: str, name: str) -> str:
    """Of wpa_supplicant, as busctl prints it; "" where it does not run, for which it is not started."""
    return subprocess.run(["busctl", "--system", "--auto-start=no", "get-property", "fi.w1.wpa_supplicant1", path,
                           f"fi.w1.wpa_supplicant1{interface}", name], capture_output=True, text=True, check=False).stdout.strip()


def announced() -> list[str]:
    """How wpa_supplicant calls and announces this machine, on each of its interfaces but those of groups.

    A name that was there cannot be taken away again, but be empty; to the air that is the same.
    """
    paths = re.findall(r'"(/[^"]+)"', property_of("/fi/w1/wpa_supplicant1", "", "Interfaces"))
    known = {property_of(path, ".Interface", "Ifname"): path for path in paths}
    return [re.sub(r' a\{sv\} \d+| "DeviceName" s ""', "",
                   f"{name} {property_of(path, '.Interface.P2PDevice', 'P2PDeviceConfig')} "
                   f"{property_of(path, '.Interface.WPS', 'ConfigMethods')}")
            for name, path in sorted(known.items()) if not name.startswith('s "p2p-')]


def interfaces() -> list[str]:
    return [link["ifname"] for link in json.loads(run("ip", "-j", "link"))]


def routes(interface: str | None = None) -> list[str]:
    """All routes, of all tables and protocols, without what changes by itself."""
    found = []
    for family in ("-4", "-6"):
        for route in json.loads(run("ip", "-j", family, "route", "show", "table", "all")):
            if interface in (None, route.get("dev")):
                found.append(" ".join(f"{key} {route[key]}" for key in ("type", "dst", "gateway", "dev", "table", "prefsrc",
                                                                        "metric") if key in route))
    return sorted(found)


def addresses(interface: str | None = None) -> list[str]:
    return sorted(f"{link['ifname']} {address['local']}/{address['prefixlen']}"
                  for link in json.loads(run("ip", "-j", "addr")) for address in link["addr_info"]
                  if interface in (None, link["ifname"]))


def tables() -> list[str]:
    """Of nftables, those of P2P links."""
    return [line for line in run("nft", "list", "tables").splitlines() if " miracast-" in line]


def system() -> dict[str, list[str]]:
    """What of the machine is somebody else's, and has to be the same afterwards."""
    resolver = pathlib.Path("/etc/resolv.conf")
    wireless = [line.strip() for line in run("iw", "dev").splitlines()
                if line.strip().startswith(("Interface", "ssid", "type", "channel"))]
    return {
        # Flags: up, and with carrier.
        "interfaces": sorted(f"{link['ifname']} {link.get('address')} {link['mtu']} "
                             f"{'UP' in link['flags']} {'LOWER_UP' in link['flags']}"
                             for link in json.loads(run("ip", "-j", "link")) if link["ifname"] != "lo"),
        "addresses": addresses(),
        "routes": routes(),
        "rules": run("ip", "rule").splitlines() + run("ip", "-6", "rule").splitlines(),
        "nftables": run("nft", "list", "ruleset").splitlines(),
        "resolver": resolver.read_text(encoding="utf-8").splitlines() if resolver.exists() else [],
        "wireless": sorted(wireless),
    }


def unchanged(before: dict[str, list[str]], what: str) -> None:
    """Interfaces come and go a moment after the daemon's word."""
    deadline = time.monotonic() + 20
    while (after := system()) != before and time.monotonic() < deadline:
        time.sleep(0.5)
    for part, lines in before.items():
        gone, new = set(lines) - set(after[part]), set(after[part]) - set(lines)
        demand(not gone and not new, f"{what}: {part}: gone {sorted(gone)}, new {sorted(new)}")


def only_the_link(session: dict) -> str:
    """The group's interface carries one address and the way to its network, and nothing of IPv6. Returns its name."""
    interface = session["path"]["interface"]
    demand(interface.startswith("p2p-"), f"{session['path']}")
    # The display says every third of a second that it is a router.
    time.sleep(2)
    there = addresses(interface)
    demand(len(there) == 1, f"addresses of the group's interface: {there}")
    local = ipaddress.ip_interface(there[0].split()[1])
    expected = {str(local.network), str(local.ip), str(local.network.network_address),
                str(local.network.broadcast_address)}
    for route in routes(interface):
        demand(re.search(r"\bdst (\S+)", route).group(1) in expected and "gateway" not in route, f"a route: {route}")
    return interface


class Scene:
    """Radios and systemd for all scenarios; a broker and a sink for each."""

    def __init__(self, logs: pathlib.Path):
        self.logs = logs
        self.systemd = Systemd(logs / "systemd.log")
        self.radios = Radios(logs, self.systemd)
        self.processes: list[subprocess.Popen] = []
        self.foreign: set[str] = set()  # groups that are somebody else's
        self.name = ""

    def begin(self) -> None:
        self.systemd.start()
        self.radios.start(4)

    def start(self, argv: list[str], log: str) -> subprocess.Popen:
        with open(self.logs / log, "ab") as file:
            file.write(f"-- {self.name}\n".encode())
            file.flush()
            process = subprocess.Popen(argv, stdout=file, stderr=file)
        self.processes.append(process)
        return process

    # -- the daemon, as its unit has it but for its arguments ----------------------------------------------------

    def broker(self, *options: str) -> None:
        command = " ".join(("/usr/libexec/miracastd", "--verbose", "--source=test", "--mode=640x480", *options))
        log = self.logs / "miracastd.log"
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"-- {self.name}\n")
        self.systemd.configure(UNIT, "ExecStart=", f"ExecStart={command}", f"StandardError=append:{log}")
        # One that has never seen a display: no scenario depends on the one before.
        DISPLAYS.unlink(missing_ok=True)
        self.systemd.inside("systemctl", "reset-failed", UNIT, check=False)
        self.systemd.inside("systemctl", "start", UNIT)
        demand(ctl("status")[0] == 0, "miracastd does not answer")

    def leftovers(self) -> list[str]:
        """Group interfaces, rules and DHCP programs of the source; the sink has programs, too, without our directory."""
        links = [link for link in interfaces() if link.startswith("p2p-") and not link.startswith("p2p-dev-")]
        processes = [line for line in run("ps", "-eo", "args").splitlines()
                     if line.startswith(("busybox", "dnsmasq")) and str(RUNTIME) in line]
        return [link for link in links if link not in self.foreign] + tables() + processes

    def pid(self) -> str:
        return self.systemd.property(UNIT, "MainPID")

    def kill(self) -> list[str]:
        """SIGKILL; systemd starts the next one. Returns what was left at once: a display may end its group by itself."""
        killed = self.pid()
        demand(tables(), "a link without rules")
        self.systemd.inside("systemctl", "kill", "--signal=KILL", "--kill-whom=main", UNIT)
        wait_for("the rules have gone with the daemon", lambda: not tables(), 5)
        left = self.leftovers()
        wait_for("the next miracastd runs", lambda: self.pid() not in ("0", killed)
                 and self.systemd.property(UNIT, "ActiveState") == "active")
        wait_for("the next miracastd takes down what was left, unasked", lambda: not self.leftovers(), 2)
        return left

    def quit(self) -> None:
        self.systemd.inside("systemctl", "stop", UNIT)
        result = self.systemd.property(UNIT, "Result")
        demand(result == "success", f"miracastd ended with {result}")
        demand(not any(RUNTIME.iterdir()), f"left in {RUNTIME}: {list(RUNTIME.iterdir())}")
        demand(wfd_element() == "(<@ay []>,)", f"still announced: {wfd_element()}")

    # -- the display's side of the link --------------------------------------------------------------------------

    def reaches(self, address: str, port: int) -> bool:
        """Whether whoever has the display can call a port of ours."""
        call = f"import socket; socket.create_connection(({address!r}, {port}), 3)"
        return subprocess.run(["ip", "netns", "exec", SINK_NETNS, "python3", "-c", call], stderr=subprocess.DEVNULL,
                              check=False).returncode == 0

    def echoes(self, address: str) -> bool:
        return subprocess.run(["ip", "netns", "exec", SINK_NETNS, "busybox", "ping", "-c", "1", "-W", "3", address],
                              stdout=subprocess.DEVNULL, check=False).returncode == 0

    # -- the display ---------------------------------------------------------------------------------------------

    def sink(self, *options: str) -> subprocess.Popen:
        return self.sink_on(self.radios.sink_interface, SINK_NETNS, SINK_NAME, self.sink_out(), *options)

    def sink_on(self, interface: str, netns: str, name: str, out: pathlib.Path, *options: str) -> subprocess.Popen:
        """Another display than the usual one."""
        return self.start(["ip", "netns", "exec", netns, str(SINK), "--interface", interface, "--name", name, "--out", str(out),
                           *WITHOUT_END, *options], "sink.log")

    def sink_out(self) -> pathlib.Path:
        return self.logs / f"sink-{self.name}"

    def sink_heard(self) -> list[str]:
        """What happened at the display; known when it has ended."""
        return [text for _, text in json.loads((self.sink_out() / "p2p.json").read_text(encoding="utf-8"))["timeline"]]

    def find(self, *names: str) -> dict:
        """By one scan, which tells this of the first of them."""
        wanted = names or (SINK_NAME,)

        def found() -> dict | None:
            there = {sink["name"]: sink for sink in ctl("scan", "--seconds", "10")[1]["sinks"] if sink["present"]}
            return there[wanted[0]] if there.keys() >= set(wanted) else None
        return wait_for(f"{', '.join(wanted)} found", found)

    def connect(self, *options: str, name: str = SINK_NAME) -> dict:
        status, session = ctl("connect", name, *options)
        demand(status == 0, f"connect: {session}")
        return session

    def connect_fails(self, reason: str, *words: str, name: str = SINK_NAME) -> None:
        status, result = ctl("connect", name)
        demand(status == 1, f"connect ended with status {status}: {result}")
        demand(result["error"]["name"] == reason, f"connect: {result['error']} instead of {reason}")
        for word in words:
            demand(word in result["error"]["message"], f"no {word!r} in: {result['error']['message']}")
        demand(result["error"]["hint"], "no hint")

    def shown_pin(self) -> str:
        """The PIN that the display has shown last."""
        def shown() -> list[str]:
            log = (self.logs / "sink.log").read_text(encoding="utf-8").rpartition(f"-- {self.name}\n")[2]
            return re.findall(r"P2P-PROV-DISC-SHOW-PIN \S+ (\d+)", log)
        return wait_for("the display shows a PIN", shown)[-1]

    def pin_file(self) -> pathlib.Path:
        """What the display's user types."""
        return self.logs / "typed-pin"

    def connect_with_pin(self, *options: str, pin: str = "") -> tuple[int, dict]:
        """
        As a user: what the display shows (or `pin`) is typed here when that is asked for, what is shown here is typed
        there; again if there is a second attempt. Returns the exit status and what miracastctl has printed.
        """
        process = subprocess.Popen(["miracastctl", "--json", "connect", SINK_NAME, *options], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.processes.append(process)
        os.set_blocking(process.stderr.fileno(), False)
        said, here, there = "", 0, 0
        deadline = time.monotonic() + 300
        while process.poll() is None:
            demand(time.monotonic() < deadline, f"miracastctl connect hangs; it said: {said}")
            time.sleep(0.3)
            said += (process.stderr.read() or b"").decode()
            if said.count(f"PIN that {SINK_NAME} shows: ") > here:
                here += 1
                time.sleep(1)
                process.stdin.write(f"{pin or self.shown_pin()}\n".encode())
            shown = re.findall(rf"PIN to type at {SINK_NAME}: (\d+)\n", said)
            if len(shown) > there:
                there += 1
                self.pin_file().write_text(shown[-1], encoding="ascii")
        print("    typed here:", here, "typed there:", there)
        demand(here + there > 0, f"no PIN was wanted: {said}")
        return process.returncode, json.loads(process.stdout.read())

    def frames(self, session: int = 0) -> None:
        wait_for("frames are sent", lambda: ctl("status")[1]["sessions"][session]["stats"].get("frames-sent", 0) > 5)

    def disconnect(self) -> None:
        demand(ctl("disconnect", "all")[0] == 0, "disconnect")
        wait_for("the session is gone", lambda: not ctl("status")[1]["sessions"])
        wait_for("nothing is left of it", lambda: not self.leftovers(), 10)

    def end(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in self.processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        self.systemd.inside("systemctl", "stop", UNIT, check=False)
