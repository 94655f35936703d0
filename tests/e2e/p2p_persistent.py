# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios of p2p_link.py with a display that keeps the key to a group."""
from __future__ import annotations

import re
import time

from p2p_scene import DISPLAYS, Scene, ctl, demand, system, unchanged, wait_for
from radios import run


# From the command to the pictures: of a display that knows us, and of one that has to be asked, without what its user takes.
KNOWN_SECONDS, NEW_SECONDS = 4.0, 8.0
# A display that owns the group looks for so long whether an address is in use before it gives it (its dnsmasq); one that
# joins ours, and has asked for an address a moment before there was somebody to give it, asks again after so long (udhcpc).
PROBE_SECONDS, AGAIN_SECONDS = 3.0, 2.0


def phases(session: dict) -> list[str]:
    return [phase["name"] for phase in session["phases"]]


def keys() -> list[str]:
    """Those that the daemon has written down, which is done by a thread."""
    text = DISPLAYS.read_text(encoding="utf-8") if DISPLAYS.exists() else ""
    return re.findall(r"^p2p-psk=(.+)", text, re.MULTILINE)


def kept_by_supplicant(interface: str) -> str:
    path = run("gdbus", "call", "--system", "--dest", "fi.w1.wpa_supplicant1", "--object-path", "/fi/w1/wpa_supplicant1",
               "--method", "fi.w1.wpa_supplicant1.GetInterface", interface).split("'")[1]
    return run("gdbus", "call", "--system", "--dest", "fi.w1.wpa_supplicant1", "--object-path", path, "--method",
               "org.freedesktop.DBus.Properties.Get", "fi.w1.wpa_supplicant1.Interface.P2PDevice", "PersistentGroups").strip()


def in_time(session: dict, seconds: float) -> None:
    """By the test's own clock, how long it took; the session's says how much of it was the display's and its user's."""
    at = {step["name"]: step["time-us"] / 1e6 for step in session["phases"]}
    prompt = at["group-forming"] - at["waiting-for-acceptance"] if "waiting-for-acceptance" in at else 0
    waits = (min(AGAIN_SECONDS, at["leased"] - at["link-up"]) if "leased" in at else
             min(PROBE_SECONDS, at["link-up"] - at["group-started"]))
    limit = NEW_SECONDS if prompt else KNOWN_SECONDS
    print(f"    seconds: {seconds:.2f}, of them until accepted {prompt:.2f}, the display's for an address {waits:.2f}; "
          f"the rest may be {limit:g}")
    demand(seconds - prompt - waits <= limit, f"pictures after {seconds:.2f} s")


def cast(scene: Scene) -> list[str]:
    scene.find()
    asked = time.monotonic()
    session = scene.connect()
    in_time(session, time.monotonic() - asked)
    scene.frames()
    interface = session["path"]["interface"]
    print("    channel:", re.search(r"channel (.*)", run("iw", "dev", interface, "info")).group(1))
    start = session["phases"][0]["time-us"]
    print("    ms:", {step["name"]: (step["time-us"] - start) // 1000 for step in session["phases"]})
    kept = kept_by_supplicant(scene.radios.source_interface)
    demand(kept == "(<@ao []>,)", f"wpa_supplicant keeps {kept}")
    wait_for("the key is written down", lambda: len(keys()) == 1, 10)
    scene.disconnect()
    return phases(session)


def three_casts(scene: Scene, *options: str) -> None:
    """To a display that does not know us, that knows us, and that has forgotten us."""
    scene.broker()
    sink = scene.sink("--sessions", "2", *options)
    asked = cast(scene)
    demand("waiting-for-acceptance" in asked and "inviting" not in asked, f"the first time: {asked}")
    demand(DISPLAYS.stat().st_mode & 0o777 == 0o600, f"{DISPLAYS} has mode {DISPLAYS.stat().st_mode:o}")
    before, first = system(), keys()
    known = cast(scene)
    demand("inviting" in known and "waiting-for-acceptance" not in known, f"the second time: {known}")
    demand(keys() == first, "the second time the key is another one")
    sink.wait(90)
    unchanged(before, "after the second cast")
    # Another wpa_supplicant, which knows nobody.
    sink = scene.sink(*options)
    forgotten = cast(scene)
    demand("inviting" in forgotten and "waiting-for-acceptance" in forgotten, f"forgotten: {forgotten}")
    wait_for("the former key is forgotten", lambda: len(keys()) == 1 and keys() != first, 10)
    sink.wait(90)
    demand(ctl("forget", "--all")[0] == 0, "forget")
    wait_for("the key is forgotten", lambda: not keys(), 10)
    scene.quit()


def persistent(scene: Scene) -> None:
    """A display that was cast to joins our group without a question; one that has forgotten us is asked anew."""
    three_casts(scene)


def persistent_client(scene: Scene) -> None:
    """
    The same of a display that owns the group: we join it without a question, neither a button nor a PIN; one that has
    forgotten the group refuses, the key is forgotten, and it is asked as the first time, in the same attempt.
    """
    three_casts(scene, "--go-intent", "15", "--persistent")
    # What a display's log says of the last cast holds for all: it never takes another role.
    roles = [text.split()[2] for text in scene.sink_heard() if text.startswith("P2P-GROUP-STARTED")]
    demand(roles == ["GO"], f"the display was {roles}")


SCENARIOS = (persistent, persistent_client)
# For who has time: the tests' own supplicants go through the same.
LONG = (persistent_client,)
