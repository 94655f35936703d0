# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import pathlib
import time

from p2p.expectations import Expected
from p2p.machine import announced, only_the_link, system
from p2p.neighbours import NETWORK, access_point
from p2p.scene import Scene, width
from p2p.waiting import demand, wait_for
from radios import run

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

def called_again(called: list[str], when: str, expected: Expected) -> None:
    """This machine has its name and what else it is announced with again."""
    deadline = time.monotonic() + expected["called-seconds"]
    while (now := announced()) != called:
        demand(time.monotonic() < deadline, f"{when} this machine is announced as {now}, and was as {called}")
        time.sleep(0.2)


def whole_cast(scene: Scene, before: dict[str, list[str]], called: list[str], expected: Expected) -> None:
    """Connected to, streamed, killed in the middle, cleaned up, connected again, disconnected; in either role."""
    killed, left = expected["display-roles"]
    sink = scene.sink(*scene.in_role(killed))
    scene.find()
    session = scene.connect()
    scene.frames()
    channel = width(only_the_link(session))
    demand(channel.startswith(f"{expected['channel']} ("), f"the group is on channel {channel}")
    demand(announced() != called, "this machine is not announced: this test proves nothing")
    scene.kill()
    scene.unchanged(before, "after the next daemon's start")
    called_again(called, "after the next daemon's start", expected)
    scene.switch_off(sink)
    demand(scene.sink_roles() == [killed], f"the display was {scene.sink_roles()}")
    sink = scene.sink(*scene.in_role(left))
    scene.find()
    session = scene.connect()
    scene.frames()
    only_the_link(session)
    scene.disconnect()
    scene.ends(sink)
    demand(scene.sink_roles() == [left], f"the display was {scene.sink_roles()}")
    scene.unchanged(before, "after the cast")


def perform(scene: Scene, expected: Expected) -> None:
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
            whole_cast(scene, before, called, expected)
            demand(connected(), "NetworkManager is no longer connected")
            scene.quit()
            scene.unchanged(before, "after the daemon's end")
            called_again(called, "after the daemon's end", expected)
        finally:
            scene.systemd.inside("systemctl", "stop", "NetworkManager")
            profile.unlink()
            # It leaves what it has connected as it is.
            scene.systemd.inside("systemctl", "restart", "wpa_supplicant")
            run("ip", "addr", "flush", "dev", scene.radios.source_interface)
