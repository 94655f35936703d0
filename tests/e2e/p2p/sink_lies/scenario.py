# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import system
from p2p.scene import Scene
from radios import run


def perform(scene: Scene, expected: Expected) -> None:
    """A group owner that wants half of the Internet, or a network that is somebody else's, gets neither."""
    scene.broker()
    run("ip", "link", "add", "dummy0", "type", "dummy")
    run("ip", "addr", "add", "10.99.0.1/16", "dev", "dummy0")
    run("ip", "link", "set", "dummy0", "up")
    try:
        for lie in expected["lies"]:
            sink = scene.sink("--go-intent", "15", *lie["options"])
            scene.find()
            before = system()
            scene.connect_fails(lie)
            scene.unchanged(before, "after the refusal")
            scene.switch_off(sink)
    finally:
        run("ip", "link", "del", "dummy0")
    scene.quit()
