# SPDX-License-Identifier: LGPL-2.1-or-later
"""A display that keeps the key to a group: cast to when it does not know us, when it knows us, when it has forgotten us."""
from __future__ import annotations

import re
import time

from p2p.expectations import Expected
from p2p.machine import system
from p2p.scene import DISPLAYS, Scene, ctl, went, width
from p2p.waiting import demand, wait_for
from radios import run


def keys() -> list[str]:
    """Those that the daemon has written down, which is done by a thread."""
    text = DISPLAYS.read_text(encoding="utf-8") if DISPLAYS.exists() else ""
    return re.findall(r"^p2p-psk=(.+)", text, re.MULTILINE)


def kept_by_supplicant(interface: str) -> str:
    path = run("gdbus", "call", "--system", "--dest", "fi.w1.wpa_supplicant1", "--object-path", "/fi/w1/wpa_supplicant1",
               "--method", "fi.w1.wpa_supplicant1.GetInterface", interface).split("'")[1]
    return run("gdbus", "call", "--system", "--dest", "fi.w1.wpa_supplicant1", "--object-path", path, "--method",
               "org.freedesktop.DBus.Properties.Get", "fi.w1.wpa_supplicant1.Interface.P2PDevice", "PersistentGroups").strip()


def in_time(session: dict, seconds: float, limits: Expected) -> None:
    """By the test's own clock, how long it took; the session's says how much of it was the display's and its user's."""
    at = {step["name"]: step["time-us"] / 1e6 for step in session["phases"]}
    prompt = at["group-forming"] - at["waiting-for-acceptance"] if "waiting-for-acceptance" in at else 0
    waits = min(limits["address-seconds"], at["leased"] - at["link-up"] if "leased" in at else at["link-up"] - at["group-started"])
    limit = limits["new-seconds"] if prompt else limits["known-seconds"]
    print(f"    seconds: {seconds:.2f}, of them until accepted {prompt:.2f}, the display's for an address {waits:.2f}; "
          f"the rest may be {limit:g}")
    demand(seconds - prompt - waits <= limit, f"pictures after {seconds:.2f} s")


def cast(scene: Scene, expected: Expected, limits: Expected) -> None:
    scene.find()
    asked = time.monotonic()
    session = scene.connect()
    in_time(session, time.monotonic() - asked, limits)
    scene.frames()
    width(session["path"]["interface"])
    went(session, expected)
    kept = kept_by_supplicant(scene.radios.source_interface)
    demand(kept == limits["kept-by-supplicant"], f"wpa_supplicant keeps {kept}")
    wait_for("the key is written down", lambda: len(keys()) == 1, limits["key-seconds"])
    scene.disconnect()


def three_casts(scene: Scene, expected: Expected, *options: str) -> None:
    scene.broker()
    sink = scene.sink("--sessions", "2", *options)
    cast(scene, expected["new"], expected)
    mode = f"{DISPLAYS.stat().st_mode & 0o777:04o}"
    demand(mode == expected["mode"], f"{DISPLAYS} has mode {mode}")
    before, first = system(), keys()
    cast(scene, expected["known"], expected)
    demand(keys() == first, "the second time the key is another one")
    scene.ends(sink)
    scene.unchanged(before, "after the second cast")
    # Another wpa_supplicant, which knows nobody.
    sink = scene.sink(*options)
    cast(scene, expected["forgotten"], expected)
    wait_for("the former key is forgotten", lambda: len(keys()) == 1 and keys() != first, expected["key-seconds"])
    scene.ends(sink)
    # What a display's log says of the last cast holds for all: it never takes another role.
    demand(scene.sink_roles() == expected["display-roles"], f"the display was {scene.sink_roles()}")
    demand(ctl("forget", "--all")[0] == 0, "forget")
    wait_for("the key is forgotten", lambda: not keys(), expected["key-seconds"])
    scene.quit()
