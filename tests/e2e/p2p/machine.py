# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the machine is, as its own programs tell it: what a scenario has to leave as it was."""
from __future__ import annotations

import ipaddress
import json
import pathlib
import re
import subprocess
import time

from p2p.waiting import demand
from radios import run


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


def settled() -> dict[str, list[str]]:
    """What is there when nothing has come for five seconds: IPv6 looks for duplicates of its addresses first."""
    now = system()
    while True:
        time.sleep(5)
        before, now = now, system()
        if now == before:
            return now
