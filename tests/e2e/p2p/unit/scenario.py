# SPDX-License-Identifier: LGPL-2.1-or-later
from __future__ import annotations

from p2p.expectations import Expected
from p2p.scene import UNIT, Scene
from p2p.waiting import demand


def perform(scene: Scene, expected: Expected) -> None:
    """What the units of daemon and sessions open of the machine, and what they do not."""
    scene.broker()
    devices = {unit: scene.systemd.property(unit, "DeviceAllow") for unit in (UNIT, "miracast-umd@1.service")}
    for device in expected["sessions-only"]:
        demand(device in devices["miracast-umd@1.service"], f"sessions may not use {device}: {devices}")
        demand(device not in devices[UNIT], f"the daemon may use {device}: {devices}")
    for may, paths in ((True, expected["writable"]), (False, expected["not-writable"])):
        for path in paths:
            writable = scene.systemd.inside("nsenter", "--target", scene.pid(), "--mount", "sh", "-c",
                                            f"test -w {path} && echo yes", check=False).strip() == "yes"
            demand(writable == may, f"{path} is {'' if writable else 'not '}writable")
    scene.quit()
