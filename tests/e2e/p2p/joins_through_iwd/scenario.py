# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p import iwd
from p2p.expectations import Expected
from p2p.machine import routes, system, tables
from p2p.scene import Scene, ctl
from p2p.waiting import demand


def perform(scene: Scene, expected: Expected) -> None:
    """A display that owns the group is found and joined through iwd, cast to, and left; and nothing stays."""
    with iwd.has_the_adapter(scene):
        scene.broker()
        sink = scene.sink(*scene.in_role("GO"), *iwd.ROUTERS)
        scene.find()
        before = system()
        session = scene.connect()
        print("    path:", session["path"])
        scene.frames()
        link = session["path"]["interface"]
        demand(not any("gateway" in route for route in routes(link)), f"a way through the display: {routes(link)}")
        demand(tables(), "a link without rules")
        demand(ctl("disconnect", "all")[0] == 0, "disconnect")
        iwd.gone(link, expected)
        scene.ends(sink)
        demand(scene.sink_roles() == expected["display-roles"], f"the display was {scene.sink_roles()}")
        scene.unchanged(before, "after the cast")
        scene.quit()
        iwd.device_is_as(expected)
