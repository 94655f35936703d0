# SPDX-License-Identifier: LGPL-2.1-or-later
"""Others who use the machine's Wi-Fi, or Wi-Fi beside it: access points, a group of another program."""
from __future__ import annotations

import contextlib
import pathlib
import subprocess

from p2p.machine import interfaces
from p2p.scene import Scene
from p2p.waiting import wait_for
from radios import run

ACCESS_POINT_NETNS = "ap"
NETWORK = "Home"
# Of the network that the adapter is in.
CHANNEL = 6
HOSTAPD = "interface={interface}\ndriver=nl80211\nssid={ssid}\nhw_mode=g\nchannel={channel}\n"


def hostapd(scene: Scene, interface: str, netns: str | None = None, channel: int = CHANNEL) -> subprocess.Popen:
    config = scene.logs / f"hostapd-{interface}.conf"
    config.write_text(HOSTAPD.format(interface=interface, ssid=NETWORK, channel=channel), encoding="utf-8")
    prefix = ["ip", "netns", "exec", netns] if netns else []
    return scene.start([*prefix, "hostapd", str(config)], "hostapd.log")


@contextlib.contextmanager
def access_point(scene: Scene):
    """Somebody's network, on a radio and in a namespace of its own. Gives its interface, and its hostapd."""
    run("ip", "netns", "add", ACCESS_POINT_NETNS)
    interface = scene.radios.give(3, ACCESS_POINT_NETNS)
    try:
        process = hostapd(scene, interface, ACCESS_POINT_NETNS)
        wait_for_access_point(interface)
        run("ip", "-n", ACCESS_POINT_NETNS, "addr", "replace", "10.55.0.1/24", "dev", interface)
        yield interface, process
    finally:
        scene.end()
        scene.radios.park(3, ACCESS_POINT_NETNS)
        run("ip", "netns", "del", ACCESS_POINT_NETNS)


def wait_for_access_point(interface: str) -> None:
    wait_for("the access point is up", lambda: "type AP" in run(
        "ip", "netns", "exec", ACCESS_POINT_NETNS, "iw", "dev", interface, "info"))


@contextlib.contextmanager
def foreign_group(scene: Scene):
    """A group that another program owns on a second adapter, with the addresses that we would like to have."""
    interface = scene.radios.give(2)
    sockets = f"{scene.logs}/foreign"
    config = scene.logs / "foreign.conf"
    config.write_text(f"ctrl_interface={sockets}\n", encoding="utf-8")
    process = scene.start(["wpa_supplicant", "-i", interface, "-D", "nl80211", "-c", str(config)], "foreign.log")
    # Not to be ended with the daemon and the display.
    scene.processes.remove(process)
    group = f"p2p-{interface}-0"
    try:
        wait_for("the other wpa_supplicant is up", lambda: pathlib.Path(sockets, interface).exists())
        run("wpa_cli", "-p", sockets, "-i", interface, "p2p_group_add")
        wait_for("the other group is up", lambda: group in interfaces())
        run("ip", "addr", "replace", "192.168.49.1/24", "dev", group)
        scene.foreign = {group}
        yield group
    finally:
        process.terminate()
        process.wait()
        scene.foreign = set()
        scene.radios.park(2)
