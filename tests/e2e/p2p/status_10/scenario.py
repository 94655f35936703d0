# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.machine import only_the_link, system
from p2p.scene import Scene, went
from p2p.waiting import demand, wait_for


REFUSED = "has refused a request by another method"


def perform(scene: Scene, expected: Expected) -> None:
    """
    The display waits for a PIN, although it says that it takes push button, and so refuses the group with P2P status 10
    ("incompatible provisioning method"): once, and the daemon's one other request leads to a cast; and each time, which is
    said, and nothing stays.
    """
    scene.broker()
    before = None
    for part, ends_well in (("once", True), ("always", False)):
        display = expected[part]
        sink = scene.sink("--pin-first", str(display["refusals"]), "--p2p-state", "find")
        scene.find()
        before = before or system()
        wait_for("the display waits for a PIN", lambda: "waits for a PIN" in scene.sink_log())
        if ends_well:
            session = scene.connect()
            went(session, display)
            scene.frames()
            only_the_link(session)
            scene.disconnect()
            scene.ends(sink)
        else:
            scene.connect_fails(display)
            demand(not scene.leftovers(), "something is left")
            # It hears a moment later what its wpa_supplicant has done.
            wait_for("the display says so, too", lambda: scene.sink_log().count(REFUSED) >= display["refusals"])
            scene.switch_off(sink)
        refusals = scene.sink_heard().count(REFUSED)
        demand(refusals == display["refusals"], f"the display has refused {refusals} requests")
        scene.unchanged(before, "after the cast" if ends_well else "after the refusals")
    scene.quit()
