# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import system
from p2p.scene import Scene, failed
from p2p.waiting import demand

# Right by its check digit, and not what a display is likely to show.
ANOTHER_PIN = "87654325"


def perform(scene: Scene, expected: Expected) -> None:
    """Another PIN than the display shows: said as such, and nothing stays; the next attempt works."""
    scene.broker()
    sink = scene.sink("--wps", "display")
    scene.find()
    before = system()
    # Attempts that fail for the driver's width come before it, with a PIN each.
    status, result = scene.connect_with_pin(pin=ANOTHER_PIN)
    demand(status == 1, f"connect ended with status {status}: {result}")
    failed(result, expected)
    demand(not scene.leftovers(), "something is left")
    scene.unchanged(before, "after the wrong PIN")
    scene.find()
    status, session = scene.connect_with_pin()
    demand(status == 0, f"connect: {session}")
    scene.disconnect()
    scene.ends(sink)
    scene.quit()
