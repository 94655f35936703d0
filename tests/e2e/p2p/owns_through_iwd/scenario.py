# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p import iwd
from p2p.expectations import Expected
from p2p.machine import system
from p2p.scene import Scene


def perform(scene: Scene, expected: Expected) -> None:
    """
    A group that iwd owns: iwd 3.8 refuses a display of wpa_supplicant's there ("tried to register as enrollee but we
    don't have their Probe Request record"). That is said, and nothing stays.
    """
    with iwd.has_the_adapter(scene):
        scene.broker()
        scene.sink(*scene.in_role("client"), *iwd.ROUTERS)
        scene.find()
        before = system()
        scene.connect_fails(expected)
        iwd.gone(expected["interface"], expected)
        scene.unchanged(before, "after the attempt")
        scene.quit()
        iwd.device_is_as(expected)
