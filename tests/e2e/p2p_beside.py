# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios of p2p_link.py: others use the machine's Wi-Fi, too, and have to be left alone."""
from __future__ import annotations

import contextlib
import pathlib

from p2p_scene import Scene, interfaces, wait_for
from radios import run


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
