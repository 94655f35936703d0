# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.scene import Scene
from p2p.waiting import demand


def perform(scene: Scene, expected: Expected) -> None:
    """The user at the display says no."""
    scene.broker()
    # A sink that only listens stops doing so once it has been asked.
    scene.sink("--answer", "reject", "--p2p-state", "find")
    scene.find()
    scene.connect_fails(expected)
    demand(not scene.leftovers(), "something is left")
    scene.quit()
