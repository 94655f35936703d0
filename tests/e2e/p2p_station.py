# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios of p2p_link.py: the radio has a network of its own, which is roamed in, or cast over."""
from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import re
import signal
import subprocess
import time

from p2p_beside import ACCESS_POINT_NETNS, CHANNEL, NETWORK, access_point, hostapd, settled, wait_for_access_point
from p2p_evening import ended, told
from p2p_scene import HERE, SINK_NAME, WITHOUT_END, Scene, ctl, demand, only_the_link, unchanged, wait_for
from radios import run

MICE_SINK = HERE.parent / "sink" / "wfd-sink-mice"
DISPLAY = "10.55.0.1"
OWN = "10.55.0.2"
PIN, ANOTHER_PIN = "90817263", "11111111"
OTHER_CHANNEL = 11
FREQUENCIES = {CHANNEL: 2437, OTHER_CHANNEL: 2462}
INSIDE = ("ip", "-n", ACCESS_POINT_NETNS)


# ---- the laptop's own network --------------------------------------------------------------------------------------


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

    def connected_seconds(self) -> int:
        """Since it has associated last."""
        return int(re.search(r"connected time:\s*(\d+)", run("iw", "dev", self.interface, "station", "dump")).group(1))

    def hear(self, there: AccessPoint) -> None:
        """By a short look, which the group bears."""
        def heard() -> bool:
            if there.bssid() in self.cli("scan_results"):
                return True
            self.cli("scan", f"freq={FREQUENCIES[there.channel]}")
            return False
        wait_for("the other access point is heard", heard)

    def roam(self, there: AccessPoint) -> None:
        demand(self.cli("roam", there.bssid()) == "OK", "wpa_supplicant does not roam")


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
                yield link, AccessPoint(first, process, 6), there
        finally:
            scene.end()
            scene.radios.park(2, ACCESS_POINT_NETNS)


# ---- roaming ---------------------------------------------------------------------------------------------------------


def roam(link: Station, here: AccessPoint, there: AccessPoint) -> float:
    """The one is no longer heard, and the station goes to the other. Returns when it began."""
    link.hear(there)
    began = time.monotonic()
    link.roam(there)
    # wpa_supplicant ends the group a moment too late for its own first attempt, and would go back.
    here.process.terminate()
    here.process.wait(30)
    return began


def undisturbed(link: Station, there: AccessPoint) -> float:
    """It is associated with that one, and the network carries something. Returns since when, at the latest."""
    wait_for("the station has roamed", lambda: link.bssid() == there.bssid(), 20)
    wait_for("the network is there", link.echoes, 10)
    return time.monotonic()


def still_undisturbed(link: Station, there: AccessPoint, since: float) -> None:
    undisturbed(link, there)
    seconds, connected = time.monotonic() - since, link.connected_seconds()
    # Seconds are whole ones.
    demand(connected >= seconds - 1, f"it roamed {seconds:.0f} s ago, and is associated for {connected} s")


def only_state() -> dict:
    return ctl("status")[1]["sessions"][0]


def roaming(scene: Scene) -> None:
    """
    The laptop is carried about, and its Wi-Fi network goes on on another channel. The radio has one channel at a time, and
    the network comes first: the group is given up, which is told within seconds, as no-common-channel. A session that
    shall stay comes back by itself, on the new channel, and the network is undisturbed by that, and by the cast's end.
    """
    with two_access_points(scene) as (link, here, there):
        scene.broker()
        sink = scene.sink()
        scene.find()
        before = settled()
        scene.connect()
        scene.frames()
        began = roam(link, here, there)
        told("the end", began, lambda: ctl("status")[1]["ended"])
        ended(scene, "no-common-channel")
        since = undisturbed(link, there)
        sink.terminate()
        sink.wait(90)

        here.process = hostapd(scene, here.interface, ACCESS_POINT_NETNS, here.channel)
        sink = scene.sink()
        scene.find()
        scene.connect("--stay")
        scene.frames()
        still_undisturbed(link, there, since)
        began = roam(link, there, here)
        told("that it waits", began, lambda: only_state()["state"] == "waiting")
        waiting = only_state()
        demand(waiting["reason"] == "no-common-channel" and waiting["hint"], f"it waits: {waiting}")
        since = undisturbed(link, here)
        sink.terminate()
        sink.wait(90)
        sink = scene.sink()
        wait_for("it streams again", lambda: only_state()["state"] == "streaming")
        print(f"    streams again after {time.monotonic() - began:.0f} s")
        group = run("iw", "dev", only_the_link(only_state()), "info")
        demand(f"({link.frequency():.0f} MHz)" in group, f"the network is on {link.frequency()} MHz, and the group: {group}")
        scene.disconnect()
        sink.wait(90)
        still_undisturbed(link, here, since)
        unchanged(before, "after the casts")
        scene.quit()


# ---- over the network ------------------------------------------------------------------------------------------------


class MiceDisplay:
    """A wfd-sink-mice at the other end of the network, with what it wrote when it has ended."""

    def __init__(self, scene: Scene, name: str, *options: str):
        self.out = scene.logs / f"mice-{name}"
        log = f"mice-{name}.log"
        self.process = scene.start(["ip", "netns", "exec", ACCESS_POINT_NETNS, str(MICE_SINK), "--listen", DISPLAY, "--out",
                                    str(self.out), "--mice-timeout", "600", *WITHOUT_END, *options], log)
        wait_for("the display listens", lambda: "listening on" in (scene.logs / log).read_text(encoding="utf-8"))

    def act(self) -> None:
        self.process.send_signal(signal.SIGUSR1)

    def demand_sealed(self) -> dict:
        """All that was played came encrypted. Returns what was said on the control channel."""
        self.process.wait(90)
        report, said = (json.loads(pathlib.Path(self.out, name).read_text(encoding="utf-8"))
                        for name in ("report.json", "mice.json"))
        rtp = report["rtp"]
        print("    cipher:", said["cipher"], "packets:", rtp["packets"])
        demand(rtp["packets"] and rtp["unsealed"] == rtp["packets"] and not rtp["not_rtp"], f"not all was encrypted: {rtp}")
        demand(said["cipher"].startswith("DTLSv1.2") and "GCM" in said["cipher"], f"the cipher is {said['cipher']}")
        said["said"] = [word for _, word in said["said"] if word != "SECURITY_HANDSHAKE"]
        return said


def connect_over_network(*options: str, typed: str = "") -> dict:
    done = subprocess.run(["miracastctl", "--json", "connect", DISPLAY, *options], input=typed, capture_output=True,
                          text=True, timeout=300, check=False)
    demand(done.returncode == 0, f"connect: {done.stdout} {done.stderr}")
    return json.loads(done.stdout)


def is_no_group(scene: Scene, session: dict) -> None:
    demand(session["path"]["local-address"].startswith(OWN) and session["path"]["peer-address"].startswith(DISPLAY),
           f"{session['path']}")
    demand(not scene.leftovers(), f"it is cast over the network, and there is {scene.leftovers()}")


def over_infrastructure(scene: Scene) -> None:
    """
    A display in the network is told over it to call, by the daemon as installed, and no group is made. Encrypted, all that
    is played comes encrypted, and the display is told when the source ends it (STOP_PROJECTION). With a PIN, a wrong one is
    asked for again; and when the display says that it ends, that is told as sink-left.
    """
    with access_point(scene), station(scene) as link:
        scene.broker()
        before = settled()
        display = MiceDisplay(scene, "encrypted")
        session = connect_over_network("--encrypt")
        scene.frames()
        is_no_group(scene, session)
        scene.disconnect()
        said = display.demand_sealed()["said"]
        demand(said == ["SOURCE_READY", "STOP_PROJECTION"], f"the source said {said}")

        display = MiceDisplay(scene, "pin", "--pin", PIN, "--behaviour", "stop")
        session = connect_over_network("--pin", typed=f"{ANOTHER_PIN}\n{PIN}\n")
        scene.frames()
        is_no_group(scene, session)
        began = time.monotonic()
        display.act()
        told("the end", began, lambda: not ctl("status")[1]["sessions"])
        ended(scene, "sink-left")
        facts = display.demand_sealed()
        demand(facts["wrong_pins"] == 1, f"{facts['wrong_pins']} wrong PINs")
        demand(facts["said"][:4] == ["SESSION_REQUEST", "PIN_CHALLENGE", "PIN_CHALLENGE", "SOURCE_READY"],
               f"the source said {facts['said']}")
        wait_for("the network is there", link.echoes, 10)
        unchanged(before, "after the casts")
        scene.quit()


def heard_over_the_air(scene: Scene) -> None:
    """
    A display that says over the air where it is in the network is one row. It is cast to over the network, and nothing is
    made for it; when it is not there any more, over Wi-Fi P2P, in the same attempt.
    """
    with access_point(scene), station(scene) as link:
        scene.broker()
        sink = scene.sink("--mice-address", DISPLAY)
        scene.find()
        rows = [one["name"] for one in ctl("scan", "--seconds", "4")[1]["sinks"]]
        demand(rows == [SINK_NAME], f"one display has these rows: {rows}")
        before = settled()
        display = MiceDisplay(scene, "heard")
        session = scene.connect()
        scene.frames()
        is_no_group(scene, session)
        scene.disconnect()
        display.process.wait(90)
        unchanged(before, "after the cast over the network")

        session = scene.connect()
        steps = [step["name"] for step in session["phases"]]
        start, way = session["phases"][0]["time-us"], steps.index("other-way")
        print("    the network was given up after", (session["phases"][way]["time-us"] - start) // 1000, "ms")
        scene.frames()
        only_the_link(session)
        demand("group-started" in steps[way:], f"over the air: {steps}")
        scene.disconnect()
        sink.wait(90)
        wait_for("the network is there", link.echoes, 10)
        unchanged(before, "after the casts")
        scene.quit()


SCENARIOS = (roaming, over_infrastructure, heard_over_the_air)
