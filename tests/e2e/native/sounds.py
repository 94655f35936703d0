# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listens to what the test source of miracast-umd plays: tones, and a click with each flash of its picture."""
from __future__ import annotations

import json
import pathlib
import sys
import threading
from typing import Callable

from processes import TOP, Broker, Failed, Programs, address, demand, play

sys.path.insert(0, str(TOP / "tests/sink"))

import sound_check  # noqa: E402
from wfdsink import left_out, sound  # noqa: E402

# From the time at which a sample is due to the arrival of the unit that a decoder gives it back from. The test source hands
# samples over 20 ms before, as the module does, so that 25 ms from there to the packet are 5.
LATENCY_MS = {("LPCM", 2): 5.0, ("AAC", 2): 40.0, ("AAC", 6): 40.0, ("AC3", 2): 40.0, ("AC3", 6): 40.0}
# Where the sound of a session begins and ends, a little of it is not counted.
EDGES_S = 1.5


def demand_sound(directory: pathlib.Path, agreed: dict, duration: float, late: bool = False,
                 log: pathlib.Path | None = None) -> bool:
    """The recording has all of the sound that was played, on time and with its pictures. The figures stay in sound.json.

    True; or, if `late` is let pass, False where nothing else is wrong but the time of arrival. `log`, that of a source that
    tells details, excuses what it says that it has left out, and that alone.
    """
    key = agreed["codec"], agreed["channels"]
    try:
        said = left_out.read(log.read_text(encoding="utf-8", errors="replace")) if log else None
        result = sound_check.check(str(directory), key[1], min_seconds=duration - EDGES_S, latency_ms=LATENCY_MS[key], said=said)
    except sound.Unusable as error:
        raise Failed(f"sound: {error}") from None
    (directory / "sound.json").write_text(json.dumps({"figures": result.figures, "faults": result.faults}, indent=2) + "\n",
                                          encoding="utf-8")
    wrong = [fault for fault in result.faults if not (late and fault.startswith(sound_check.LATE))]
    demand(not wrong, "sound: " + "; ".join(result.faults[:4]))
    return not result.faults


def long_session(programs: Programs, directory: pathlib.Path, number: int, video_formats: str, sound_of_sink: str, seconds: float,
                 meanwhile: Callable[[Broker], None] | None = None) -> left_out.Said:
    """A session with one kind of sound, from a source that says each piece of it that it leaves out; what it said.

    Nothing else may be missing. `number` is that of the address, `meanwhile` runs beside the session.
    """
    with Broker(programs, directory, address(number), "--verbose") as broker:
        broker.wait_ready()
        beside = threading.Thread(target=meanwhile, args=(broker,)) if meanwhile else None
        if beside:
            beside.start()
        try:
            # The rules of the stream are for the other suites: an hour of its packets does not fit in memory.
            found = play(directory / "sink", broker.host, "--duration", str(seconds), "--video-formats", video_formats,
                         "--sound", sound_of_sink, "--no-analysis", seconds=seconds + 120)
        finally:
            if beside:
                beside.join()
        demand("error" not in found and found["played"], str(found.get("error", "the sink did not play")))
        demand(found["rtp"]["lost"] == 0, f"{found['rtp']['lost']} packets were lost on the way")
        broker.end()
    log = directory / "miracastd.log"
    demand_sound(directory / "sink", found["negotiated"]["audio"], seconds, log=log)
    return left_out.read(log.read_text(encoding="utf-8", errors="replace"))
