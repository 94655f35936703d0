# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios of p2p_link.py: a display that takes no push button, with a PIN, as a user has it with miracastctl."""
from __future__ import annotations

from p2p_scene import Scene, demand, only_the_link, system, unchanged

# Right by its check digit, and not what a display is likely to show.
ANOTHER_PIN = "87654325"


def cast_with_pin(scene: Scene, method: str, phase: str, roles: tuple[str, ...]) -> None:
    """Once for each wish of the display to own the group; each time there is another PIN."""
    scene.broker()
    before = None
    for role in roles:
        sink = scene.sink("--wps", method, "--pin-file", str(scene.pin_file()), "--go-intent", role)
        scene.find()
        before = before or system()
        status, session = scene.connect_with_pin()
        demand(status == 0, f"connect: {session}")
        demand(phase in [step["name"] for step in session["phases"]], f"no phase {phase} in {session['phases']}")
        scene.frames()
        only_the_link(session)
        scene.disconnect()
        sink.wait(90)
        unchanged(before, "after the cast")
    scene.quit()


def pin_typed_here(scene: Scene) -> None:
    """The display shows a PIN."""
    cast_with_pin(scene, "display", "pin-wanted", ("0", "15"))


def pin_typed_there(scene: Scene) -> None:
    """We show a PIN."""
    cast_with_pin(scene, "keypad", "pin-shown", ("0",))


def pin_wrong(scene: Scene) -> None:
    """Another PIN than the display shows: said as such, and nothing stays; the next attempt works."""
    scene.broker()
    sink = scene.sink("--wps", "display")
    scene.find()
    before = system()
    # Attempts that fail for the driver's width come before it, with a PIN each.
    status, result = scene.connect_with_pin(pin=ANOTHER_PIN)
    demand(status == 1, f"connect ended with status {status}: {result}")
    demand(result["error"]["name"] == "pin-wrong", f"{result['error']} instead of pin-wrong")
    demand(result["error"]["hint"], "no hint")
    demand(not scene.leftovers(), "something is left")
    unchanged(before, "after the wrong PIN")
    scene.find()
    status, session = scene.connect_with_pin()
    demand(status == 0, f"connect: {session}")
    scene.disconnect()
    sink.wait(90)
    scene.quit()


SCENARIOS = (pin_typed_here, pin_typed_there, pin_wrong)
# Left to `make check-full`: played supplicants go through the same in the unit tests.
LONG = (pin_typed_there, pin_wrong)
