#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listens to what the displays of sound.py have recorded: are the tones there that have to be, as loud as they have to be,
and no others; is what had to come whole whole; and did the picture go on? One PASS or FAIL line for each recording.

    heard.py DIR

Runs on the host, where decoding is fast.
"""
from __future__ import annotations

import json
import pathlib
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sink"))

from wfdsink import mpegts, sound, tones  # noqa: E402

# All tones are multiples of 10 Hz: a window of this length has whole periods of each.
WINDOW_S = 0.1
# A tone of 1.2 seconds fills so many windows at least.
ENOUGH = 10
# Share of the level that a tone may be off, and below which there is none.
LOUDNESS, SILENCE = 0.1, 0.02
# What is left out in front of a signal that had to come whole, and behind it; the judge looks for its edges.
AROUND_S = 0.3
# Without pictures for so long the picture has not gone on.
STANDS_S = 1.0


def levels(track: sound.Track, hz: int) -> list[float]:
    """Amplitude of a tone in each window; the quieter of the front channels."""
    length = round(track.rate * WINDOW_S)
    return [min(abs(tones.component(channel[at:at + length], hz, track.rate)) for channel in track.channels[:2]) *
            tones.FULL_SCALE for at in range(0, track.length - length, length)]


def tone_faults(track: sound.Track, expected: dict) -> list[str]:
    found = []
    for hz, level in expected["heard"].items():
        loud = [value for value in levels(track, int(hz)) if value > level / 2]
        print(f"#   {hz} Hz: {len(loud)} windows, {statistics.median(loud) if loud else 0:.0f} of {level:.0f}")
        if len(loud) < ENOUGH:
            found.append(f"{hz} Hz is heard in {len(loud)} windows of {WINDOW_S} s, not {ENOUGH}")
        elif abs(statistics.median(loud) / level - 1) > LOUDNESS:
            found.append(f"{hz} Hz has the level {statistics.median(loud):.0f}, not {level:.0f}")
    for hz in expected["not heard"]:
        heard = levels(track, hz)
        # Where another tone begins or ends in the window there is some of everything.
        count = sum(value > tones.FULL_SCALE * SILENCE for value in heard)
        if count > 2:
            found.append(f"{hz} Hz is heard in {count} windows, as loud as {max(heard):.0f}")
    return found


def part(track: sound.Track, hz: int) -> sound.Track:
    """The units of the track in which the first channel has this tone, and some around them."""
    length = round(track.rate * WINDOW_S)
    loud = [at for at in range(0, track.length - length, length)
            if abs(tones.component(track.channels[0][at:at + length], hz, track.rate)) > 0.1]
    if not loud:
        raise sound.Unusable(f"{hz} Hz is not heard")
    around = round(track.rate * AROUND_S)
    units = [(at, pts) for at, pts in track.units if loud[0] - around <= at < loud[-1] + length + around]
    begin = units[0][0]
    end = next((at for at, _ in track.units if at > units[-1][0]), track.length)
    return sound.Track(track.codec, track.rate, [(at - begin, pts) for at, pts in units],
                       [channel[begin:end] for channel in track.channels])


def whole_faults(track: sound.Track, wanted: dict) -> list[str]:
    """What was lost of a signal or does not belong into it."""
    hz_of = tuple(wanted["tones"])
    result = tones.Judge(part(track, hz_of[0]), tones.Signal(hz_of)).run()
    seconds = result.figures.get("seconds_counted", 0)
    print(f"#   {'/'.join(map(str, hz_of))} Hz: {seconds} s, samples lost {result.figures.get('samples_lost')}, "
          f"repeated {result.figures.get('samples_repeated')}")
    if seconds < wanted["seconds"] - 0.5:
        result.fault(f"only {seconds} s of {wanted['seconds']} s are there")
    return result.faults


def picture_faults(path: str, wanted: dict) -> list[str]:
    """Whether as many pictures came as were shown, and none late."""
    unwrap, seen = mpegts.Unwrapper(), []
    for unit in sound.pes_of(path, {sound.H264_PID}):
        if unit.pts is not None and wanted["begin"] <= unit.first * mpegts.PACKET < wanted["end"]:
            seen.append(unwrap(unit.pts) / 90000)
    longest = max((b - a for a, b in zip(seen, seen[1:])), default=0.0)
    print(f"#   {len(seen)} pictures of {wanted['shown']}, at most {longest:.2f} s apart")
    found = []
    # One at each edge may be on its way.
    if len(seen) < wanted["shown"] - 2:
        found.append(f"{len(seen)} pictures came of {wanted['shown']}")
    if longest > STANDS_S:
        found.append(f"the picture stood still for {longest:.2f} s")
    return found


def faults(path: str, expected: dict) -> list[str]:
    track = sound.read_track(path)
    found = tone_faults(track, expected)
    for wanted in expected["whole"]:
        found += whole_faults(track, wanted)
    for wanted in expected["pictures"]:
        found += picture_faults(path, wanted)
    return found


def main() -> int:
    directory, failed = pathlib.Path(sys.argv[1]), False
    try:
        recordings = json.loads((directory / "expected.json").read_text(encoding="utf-8"))
    except OSError as error:
        print(f"# {error}\nFAIL what the displays heard")
        return 1
    for name, expected in recordings.items():
        try:
            found = faults(str(directory / name / "sink.ts"), expected)
        except (sound.Unusable, OSError) as error:
            found = [str(error)]
        for fault in found:
            print(f"# {fault}")
        failed = failed or bool(found)
        print("FAIL" if found else "PASS", f"what {name} heard")
    return failed or not recordings


if __name__ == "__main__":
    sys.exit(main())
