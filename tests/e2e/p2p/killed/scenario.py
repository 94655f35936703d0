# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import system
from p2p.neighbours import foreign_group
from p2p.scene import Scene
from p2p.waiting import demand


def perform(scene: Scene, expected: Expected) -> None:
    """SIGKILL in mid-stream, in either role; the next daemon ends what is ours and nothing else, and casts again."""
    with foreign_group(scene):
        scene.broker("--p2p-interface", scene.radios.source_interface)
        before = None
        for role in expected["display-roles"]:
            sink = scene.sink(*scene.in_role(role))
            scene.find()
            before = before or system()
            scene.connect()
            scene.frames()
            demand(scene.kill(), "a killed daemon has left nothing: this test proves nothing")
            scene.switch_off(sink)
            demand(scene.sink_roles() == [role], f"the display was {scene.sink_roles()}")
        sink = scene.sink()
        scene.find()
        scene.unchanged(before, "after the clean-up")
        scene.connect()
        scene.disconnect()
        scene.quit()
        scene.end()
