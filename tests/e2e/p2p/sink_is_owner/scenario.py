# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import only_the_link, system
from p2p.scene import Scene
from p2p.waiting import demand

# What a display may send beside an address: routes in all the forms that DHCP has for them, a router, name servers.
ROUTES_BY_DHCP = ("--dhcp-option", "121,0.0.0.0/1,192.168.173.1,128.0.0.0/1,192.168.173.1,10.8.0.0/16,192.168.173.1",
                  "--dhcp-option", "249,10.9.0.0/16,192.168.173.1", "--dhcp-option", "33,10.10.0.0,192.168.173.1",
                  "--dhcp-option", "3,192.168.173.1", "--dhcp-option", "6,192.168.173.1")


def perform(scene: Scene, expected: Expected) -> None:
    """The sink insists on being group owner and gives us an address; what else it gives is not taken."""
    scene.broker()
    sink = scene.sink("--go-intent", "15", "--advertise-router", *ROUTES_BY_DHCP)
    scene.find()
    before = system()
    session = scene.connect()
    scene.frames()
    only_the_link(session)
    for part in expected["unchanged"]:
        demand(system()[part] == before[part], f"during the cast: {part}: {system()[part]}")
    scene.disconnect()
    scene.ends(sink)
    scene.unchanged(before, "after the cast")
    demand(scene.sink_roles() == expected["display-roles"], f"the display was {scene.sink_roles()}")
    announced = f"announced: {expected['announced-begins']}"
    demand(any(announced in text for text in scene.sink_heard()), "we have announced no address")
    scene.quit()
