# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios of p2p_link.py: others use the machine's Wi-Fi, too, and have to be left alone."""
from __future__ import annotations

import contextlib
import pathlib
import re
import shutil
import subprocess
import time

from p2p_scene import (Scene, announced, ctl, demand, interfaces, only_the_link, routes, system, tables, unchanged,  # noqa: E402
                       wait_for)
from radios import run

ACCESS_POINT_NETNS = "ap"
NETWORK = "Home"
IWD_LOG = "/tmp/iwd.log"
# A display that is owner of the group claims to be a router, too, and to know names.
ROUTERS = ("--dhcp-option", "3,192.168.173.1", "--dhcp-option", "6,192.168.173.1")
# Of the network that the adapter is in.
CHANNEL = 6
HOSTAPD = "interface={interface}\ndriver=nl80211\nssid={ssid}\nhw_mode=g\nchannel={channel}\n"
PROFILE = f"""[connection]
id={NETWORK}
type=wifi
interface-name={{interface}}

[wifi]
ssid={NETWORK}

[ipv4]
method=manual
address1=10.55.0.2/24,10.55.0.1
dns=10.55.0.1;

[ipv6]
method=disabled
"""


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


def called_again(called: list[str], when: str) -> None:
    """This machine has its name and what else it is announced with again, within two seconds."""
    deadline = time.monotonic() + 2
    while (now := announced()) != called:
        demand(time.monotonic() < deadline, f"{when} this machine is announced as {now}, and was as {called}")
        time.sleep(0.2)


def whole_cast(scene: Scene, before: dict[str, list[str]], called: list[str]) -> None:
    """Connected to, streamed, killed in the middle, cleaned up, connected again, disconnected; in either role."""
    sink = scene.sink("--go-intent", "15")
    scene.find()
    session = scene.connect()
    scene.frames()
    channel = re.search(r"channel (.*)", run("iw", "dev", only_the_link(session), "info")).group(1)
    print("    channel:", channel)
    demand(channel.startswith(f"{CHANNEL} ("), f"the group is on channel {channel}")
    demand(announced() != called, "this machine is not announced: this test proves nothing")
    scene.kill()
    unchanged(before, "after the next daemon's start")
    called_again(called, "after the next daemon's start")
    sink.terminate()
    sink.wait(90)
    sink = scene.sink("--go-intent", "0")
    scene.find()
    session = scene.connect()
    scene.frames()
    only_the_link(session)
    scene.disconnect()
    sink.wait(90)
    unchanged(before, "after the cast")


def beside_network_manager(scene: Scene) -> None:
    """NetworkManager has the adapter and is connected; it stays so, with its address, route and name server."""
    profile = pathlib.Path("/etc/NetworkManager/system-connections") / f"{NETWORK}.nmconnection"

    def connected() -> bool:
        return f"wlan:connected:{NETWORK}" in scene.systemd.inside(
            "nmcli", "-t", "-f", "TYPE,STATE,CONNECTION", "device").replace("wifi", "wlan")

    with access_point(scene):
        profile.write_text(PROFILE.format(interface=scene.radios.source_interface), encoding="utf-8")
        profile.chmod(0o600)
        scene.systemd.inside("systemctl", "start", "NetworkManager")
        try:
            wait_for("NetworkManager is connected", connected)
            before, called = system(), announced()
            demand(any("via" in line or "gateway" in line for line in before["routes"]), "no default route to be kept")
            demand(before["resolver"], "no resolver to be kept")
            scene.broker()
            whole_cast(scene, before, called)
            demand(connected(), "NetworkManager is no longer connected")
            scene.quit()
            unchanged(before, "after the daemon's end")
            called_again(called, "after the daemon's end")
        finally:
            scene.systemd.inside("systemctl", "stop", "NetworkManager")
            profile.unlink()
            # It leaves what it has connected as it is.
            scene.systemd.inside("systemctl", "restart", "wpa_supplicant")
            run("ip", "addr", "flush", "dev", scene.radios.source_interface)


def settled() -> dict[str, list[str]]:
    """What is there when nothing has come for five seconds: IPv6 looks for duplicates of its addresses first."""
    now = system()
    while True:
        time.sleep(5)
        before, now = now, system()
        if now == before:
            return now


def refused_and_unchanged(scene: Scene) -> None:
    before = settled()
    scene.broker()
    _, result = ctl("scan", "--seconds", "4")
    demand("error" in result and result["error"]["hint"], f"a scan with an adapter that is somebody's: {result}")
    unchanged(before, "after the scan")
    scene.quit()
    unchanged(before, "after the daemon's end")


@contextlib.contextmanager
def iwd(scene: Scene, configuration: str = "[General]\nEnableNetworkConfiguration=true\n"):
    """iwd has the source's adapter, as its package has it but for a log."""
    interface = scene.radios.source_interface
    pathlib.Path("/etc/iwd").mkdir(exist_ok=True)
    pathlib.Path("/etc/iwd/main.conf").write_text(configuration, encoding="utf-8")
    scene.systemd.configure("iwd", "ExecStart=", "ExecStart=/usr/libexec/iwd -d", f"StandardError=append:{IWD_LOG}",
                            f"StandardOutput=append:{IWD_LOG}")
    scene.systemd.inside("systemctl", "stop", "wpa_supplicant")
    scene.systemd.inside("systemctl", "start", "iwd")
    try:
        yield
    finally:
        scene.systemd.inside("systemctl", "stop", "iwd")
        shutil.copy(IWD_LOG, scene.logs)
        # It makes an interface of its own, and takes it along.
        if interface not in interfaces():
            run("iw", "phy", scene.radios.source_phy, "interface", "add", interface, "type", "managed")
        scene.systemd.inside("systemctl", "start", "wpa_supplicant")


def iwd_says(interface: str, name: str) -> str:
    """A property of its P2P device, as gdbus prints it."""
    return run("busctl", "get-property", "net.connman.iwd", "/net/connman/iwd/0", interface, name).strip()


def beside_iwd(scene: Scene) -> None:
    """iwd has the adapter and is connected: displays are looked for through it, and its network stays as it is."""
    interface = scene.radios.source_interface
    state = pathlib.Path("/var/lib/iwd")

    def connected() -> bool:
        return f"SSID: {NETWORK}" in run("iw", "dev", interface, "link")

    with access_point(scene):
        state.mkdir(exist_ok=True)
        (state / f"{NETWORK}.open").write_text("[Settings]\nAutoConnect=true\n", encoding="utf-8")
        with iwd(scene, ""):
            wait_for("iwd is connected", connected)
            run("ip", "addr", "replace", "10.55.0.3/24", "dev", interface)
            before = settled()
            scene.broker()
            _, result = ctl("scan", "--seconds", "4")
            demand("error" not in result, f"a scan through iwd: {result}")
            unchanged(before, "after the scan")
            scene.quit()
            unchanged(before, "after the daemon's end")
            demand(connected(), "iwd is no longer connected")


def gone(link: str) -> None:
    wait_for("the session is gone", lambda: not ctl("status")[1]["sessions"])
    wait_for("the link is gone", lambda: link not in interfaces() and not tables(), 20)


def joins_through_iwd(scene: Scene) -> None:
    """A display that owns the group is found and joined through iwd, cast to, and left; and nothing stays."""
    with iwd(scene):
        scene.broker()
        sink = scene.sink("--go-intent", "15", *ROUTERS)
        scene.find()
        before = system()
        session = scene.connect()
        print("    path:", session["path"])
        scene.frames()
        link = session["path"]["interface"]
        demand(not any("gateway" in route for route in routes(link)), f"a way through the display: {routes(link)}")
        demand(tables(), "a link without rules")
        demand(ctl("disconnect", "all")[0] == 0, "disconnect")
        gone(link)
        sink.wait(90)
        unchanged(before, "after the cast")
        scene.quit()
        demand(iwd_says("net.connman.iwd.p2p.Device", "Enabled") == "b false", "iwd's P2P device is still switched on")


def owns_through_iwd(scene: Scene) -> None:
    """
    A group that iwd owns: iwd 3.8 refuses a display of wpa_supplicant's there ("tried to register as enrollee but we
    don't have their Probe Request record"). That is said, and nothing stays.
    """
    with iwd(scene):
        scene.broker()
        scene.sink("--go-intent", "0", *ROUTERS)
        scene.find()
        before = system()
        scene.connect_fails("group-failed", "iwd")
        gone("wlan0-p2p-go0")
        unchanged(before, "after the attempt")
        scene.quit()
        demand(iwd_says("net.connman.iwd.p2p.Device", "Enabled") == "b false", "iwd's P2P device is still switched on")


def beside_access_point(scene: Scene) -> None:
    """The only adapter is an access point of hostapd's: a scan says so, and the access point goes on."""
    interface = scene.radios.source_interface
    hostapd(scene, interface)
    wait_for("the access point is up", lambda: "type AP" in run("iw", "dev", interface, "info"))
    run("ip", "addr", "replace", "10.56.0.1/24", "dev", interface)
    try:
        refused_and_unchanged(scene)
    finally:
        run("ip", "addr", "flush", "dev", interface)


SCENARIOS = (beside_network_manager, beside_access_point, beside_iwd, joins_through_iwd, owns_through_iwd)
# For who has time.
LONG = (joins_through_iwd, owns_through_iwd)
