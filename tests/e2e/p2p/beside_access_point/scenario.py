# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import settled
from p2p.neighbours import hostapd
from p2p.scene import Scene, ctl, failed
from p2p.waiting import wait_for
from radios import run


def perform(scene: Scene, expected: Expected) -> None:
    """The only adapter is an access point of hostapd's: a scan says so, and the access point goes on."""
    interface = scene.radios.source_interface
    hostapd(scene, interface)
    wait_for("the access point is up", lambda: "type AP" in run("iw", "dev", interface, "info"))
    run("ip", "addr", "replace", "10.56.0.1/24", "dev", interface)
    try:
        before = settled()
        scene.broker()
        _, result = ctl("scan", "--seconds", "4")
        failed(result, expected)
        scene.unchanged(before, "after the scan")
        scene.quit()
        scene.unchanged(before, "after the daemon's end")
    finally:
        run("ip", "addr", "flush", "dev", interface)
