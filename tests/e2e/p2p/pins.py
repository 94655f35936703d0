# SPDX-License-Identifier: LGPL-2.1-or-later
"""A display that takes no push button, with a PIN, as a user has it with miracastctl."""
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import only_the_link, system
from p2p.scene import Scene, went
from p2p.waiting import demand


def cast_with_pin(scene: Scene, expected: Expected, method: str) -> None:
    """Once for each role of the display; each time there is another PIN."""
    scene.broker()
    before = None
    for role in expected["display-roles"]:
        sink = scene.sink("--wps", method, "--pin-file", str(scene.pin_file()), *scene.in_role(role))
        scene.find()
        before = before or system()
        status, session = scene.connect_with_pin()
        demand(status == 0, f"connect: {session}")
        went(session, expected)
        scene.frames()
        only_the_link(session)
        scene.disconnect()
        scene.ends(sink)
        demand(scene.sink_roles()[-1:] == [role], f"the display was {scene.sink_roles()}")
        scene.unchanged(before, "after the cast")
    scene.quit()
