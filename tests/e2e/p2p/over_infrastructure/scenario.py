# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

import json
import subprocess
import time

from p2p.expectations import Expected
from p2p.machine import settled
from p2p.mice import MiceDisplay, is_no_group
from p2p.neighbours import access_point
from p2p.scene import Scene, ctl, told
from p2p.station import DISPLAY, station
from p2p.waiting import demand

PIN, ANOTHER_PIN = "90817263", "11111111"


def connect_over_network(*options: str, typed: str = "") -> dict:
    done = subprocess.run(["miracastctl", "--json", "connect", DISPLAY, *options], input=typed, capture_output=True,
                          text=True, timeout=300, check=False)
    demand(done.returncode == 0, f"connect: {done.stdout} {done.stderr}")
    return json.loads(done.stdout)


def perform(scene: Scene, expected: Expected) -> None:
    """
    A display in the network is told over it to call, by the daemon as installed, and no group is made. Encrypted, all that
    is played comes encrypted, and the display is told when the source ends it. With a PIN, a wrong one is asked for again;
    and when the display says that it ends, that is told.
    """
    encrypted, with_pin = expected["encrypted"], expected["pin"]
    with access_point(scene), station(scene) as link:
        scene.broker()
        before = settled()
        display = MiceDisplay(scene, "encrypted")
        session = connect_over_network("--encrypt")
        scene.frames()
        is_no_group(scene, session)
        scene.disconnect()
        said = display.sealed(encrypted)["said"]
        demand(said == encrypted["said"], f"the source said {said}")

        display = MiceDisplay(scene, "pin", "--pin", PIN, "--behaviour", "stop")
        session = connect_over_network("--pin", typed=f"{ANOTHER_PIN}\n{PIN}\n")
        scene.frames()
        is_no_group(scene, session)
        began = time.monotonic()
        display.act()
        told("the end", began, lambda: not ctl("status")[1]["sessions"], with_pin)
        scene.ended(with_pin)
        facts = display.sealed(with_pin)
        demand(facts["wrong_pins"] == with_pin["wrong-pins"], f"{facts['wrong_pins']} wrong PINs")
        first = with_pin["said-first"]
        demand(facts["said"][:len(first)] == first, f"the source said {facts['said']}")
        link.undisturbed(expected)
        scene.unchanged(before, "after the casts")
        scene.quit()
