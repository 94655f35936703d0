# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import contextlib
import dataclasses
import json
import subprocess
import time

from p2p.expectations import Expected
from p2p.machine import only_the_link, settled
from p2p.neighbours import ACCESS_POINT_NETNS, CHANNEL, access_point, hostapd, wait_for_access_point
from p2p.scene import AFTERWARDS, BEFORE, Scene, has_ended, only_session, told
from p2p.station import DISPLAY, Station, station
from p2p.waiting import demand, wait_for
from radios import run

OTHER_CHANNEL = 11
FREQUENCIES = {CHANNEL: 2437, OTHER_CHANNEL: 2462}
INSIDE = ("ip", "-n", ACCESS_POINT_NETNS)


@dataclasses.dataclass
class AccessPoint:
    interface: str
    process: subprocess.Popen
    channel: int

    def bssid(self) -> str:
        return json.loads(run(*INSIDE, "-j", "link", "show", self.interface))[0]["address"]


@contextlib.contextmanager
def two_access_points(scene: Scene):
    """Of one network, on two channels, and the station, which is associated with the first."""
    with access_point(scene) as (first, process):
        second = scene.radios.give(2, ACCESS_POINT_NETNS)
        try:
            with station(scene) as link:
                there = AccessPoint(second, hostapd(scene, second, ACCESS_POINT_NETNS, OTHER_CHANNEL), OTHER_CHANNEL)
                wait_for_access_point(second)
                run(*INSIDE, "addr", "flush", "dev", first)
                run(*INSIDE, "link", "add", "home", "type", "bridge")
                for interface in (first, second):
                    run(*INSIDE, "link", "set", interface, "master", "home")
                run(*INSIDE, "addr", "replace", f"{DISPLAY}/24", "dev", "home")
                run(*INSIDE, "link", "set", "home", "up")
                yield link, AccessPoint(first, process, CHANNEL), there
        finally:
            scene.end()
            scene.radios.park(2, ACCESS_POINT_NETNS)


def hear(link: Station, there: AccessPoint) -> None:
    """By a short look, which the group bears."""
    def heard() -> bool:
        if there.bssid() in link.cli("scan_results"):
            return True
        link.cli("scan", f"freq={FREQUENCIES[there.channel]}")
        return False
    wait_for("the other access point is heard", heard)


def roam(link: Station, here: AccessPoint, there: AccessPoint) -> float:
    """The one is no longer heard, and the station goes to the other. Returns when it began."""
    hear(link, there)
    began = time.monotonic()
    demand(link.cli("roam", there.bssid()) == "OK", "wpa_supplicant does not roam")
    # wpa_supplicant ends the group a moment too late for its own first attempt, and would go back.
    here.process.terminate()
    here.process.wait(30)
    return began


def undisturbed(link: Station, there: AccessPoint, expected: Expected) -> float:
    """It is associated with that one, and the network carries something. Returns since when, at the latest."""
    wait_for("the station has roamed", lambda: link.bssid() == there.bssid(), expected["roamed-seconds"])
    link.undisturbed(expected)
    return time.monotonic()


def still_undisturbed(link: Station, there: AccessPoint, since: float, expected: Expected) -> None:
    undisturbed(link, there, expected)
    seconds, connected = time.monotonic() - since, link.connected_seconds()
    # Seconds are whole ones.
    demand(connected >= seconds - 1, f"it roamed {seconds:.0f} s ago, and is associated for {connected} s")


def perform(scene: Scene, expected: Expected) -> None:
    """
    The laptop is carried about, and its Wi-Fi network goes on on another channel. The radio has one channel at a time, and
    the network comes first: the group is given up, and that is told. A session that shall stay comes back by itself, on the
    new channel, and the network is undisturbed by that, and by the cast's end.
    """
    network, ends, stays = (expected[part] for part in ("network", "ended", "stays"))
    with two_access_points(scene) as (link, here, there):
        scene.broker()
        sink = scene.sink()
        scene.find()
        before = settled()
        scene.connect()
        scene.frames()
        began = roam(link, here, there)
        told("the end", began, has_ended, ends)
        scene.ended(ends)
        since = undisturbed(link, there, network)
        scene.switch_off(sink)

        here.process = hostapd(scene, here.interface, ACCESS_POINT_NETNS, here.channel)
        sink = scene.sink(*BEFORE)
        scene.find()
        scene.connect("--stay")
        scene.frames()
        still_undisturbed(link, there, since, network)
        began = roam(link, there, here)
        told("that it waits", began, lambda: only_session()["state"] == stays["meanwhile"], stays)
        waiting = only_session()
        demand(waiting["reason"] == stays["reason"] and waiting["hint"], f"it waits: {waiting}")
        since = undisturbed(link, here, network)
        scene.switch_off(sink)
        sink = scene.sink(*AFTERWARDS)
        wait_for("it streams again", lambda: only_session()["state"] == stays["state"])
        print(f"    streams again after {time.monotonic() - began:.0f} s")
        group = run("iw", "dev", only_the_link(only_session()), "info")
        demand(f"({link.frequency():.0f} MHz)" in group, f"the network is on {link.frequency()} MHz, and the group: {group}")
        scene.disconnect()
        scene.ends(sink)
        still_undisturbed(link, here, since, network)
        scene.unchanged(before, "after the casts")
        scene.quit()
