# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import pathlib

from p2p.expectations import Expected
from p2p.iwd import has_the_adapter
from p2p.machine import settled
from p2p.neighbours import NETWORK, access_point
from p2p.scene import Scene, ctl
from p2p.waiting import demand, wait_for
from radios import run


def perform(scene: Scene, expected: Expected) -> None:
    """iwd has the adapter and is connected: displays are looked for through it, and its network stays as it is."""
    interface = scene.radios.source_interface
    state = pathlib.Path("/var/lib/iwd")

    def network() -> str:
        """Which it is in, or ""."""
        return run("iw", "dev", interface, "link").partition("SSID: ")[2].partition("\n")[0]

    with access_point(scene):
        state.mkdir(exist_ok=True)
        (state / f"{NETWORK}.open").write_text("[Settings]\nAutoConnect=true\n", encoding="utf-8")
        with has_the_adapter(scene, ""):
            wait_for("iwd is connected", network)
            run("ip", "addr", "replace", "10.55.0.3/24", "dev", interface)
            before = settled()
            scene.broker()
            _, result = ctl("scan", "--seconds", "4")
            demand("error" not in result, f"a scan through iwd: {result}")
            scene.unchanged(before, "after the scan")
            scene.quit()
            scene.unchanged(before, "after the daemon's end")
            demand(network() == expected["ssid"], f"iwd is in the network {network()!r}")
