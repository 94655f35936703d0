#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at what the displays of sessions.py have recorded: did the numbered pictures (tests/desktops/pattern.h) arrive whole,
in their order, in the size that the desktop had set; and the cursor over them? One PASS or FAIL line for each step.

    seen.py DIR

Runs on the host, where decoding is fast. DIR/expected.json is what sessions.py has left, a list of

    {"step": name, "recording": directory below DIR, "who": painter, "size": [width, height],
     "first": number, "last": number, "least": count}         pictures that were drawn meanwhile; so many have to come
    {..., "still": true}                                      and the last one of them has to
    {"step": name, "recording": ..., "who": ..., "still at": number, "places": [[x, y], …], "least": count}
                                                              over this picture, which stays, the cursor moves from the
                                                              first place to the last, and is seen at so many of them
"""
from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "sink"))

from wfdsink import media  # noqa: E402

# As in pattern.h.
BANDS, CELLS, MARGIN, PERIOD = 16, 32, 4, 16
# Luma of black and white after the encoder has been at it; the range is 16 to 235.
BLACK, WHITE = 80, 170
# The painter's cursor is red, 24 by 24: Cr above this, in so many of its 12 by 12 samples.
RED, RED_SAMPLES = 190, 60
# So many pixels off it is still at its place: red has half the resolution.
NEAR = 3
_REDS = bytes(int(value > RED) for value in range(256))


@dataclass
class Picture:
    """One decoded picture: its size, who drew which number, and where the cursor is."""
    width: int
    height: int
    # Painter to number of what is whole.
    numbers: dict[int, int]
    cursor: tuple[int, int] | None


def code(number: int, band: int, who: int) -> int:
    """Of a band, see pattern_code()."""
    value = number & 0xfffff | band << 20 | (who & 3) << 24
    return value | (value * 2654435761 & 0xffffffff) >> 26 << 26


def number_of(picture: int, band: int) -> int:
    """The picture that a band was drawn for, see pattern_number()."""
    return picture if picture % PERIOD == 0 or (picture ^ band) % 2 == 0 else picture - 1


def cells(width: int, height: int, band: int) -> list[int]:
    """Offset in the luma plane of the middle of each cell."""
    cell, band_height = width // (CELLS + 2 * MARGIN), height // BANDS
    line = band * band_height + MARGIN + (band_height - 2 * MARGIN) // 2
    return [line * width + (MARGIN + bit) * cell + cell // 2 for bit in range(CELLS)]


def whole(luma: bytes, width: int, height: int) -> dict[int, int]:
    """Painter to number: empty where a band is missing, or belongs to another picture than the others do."""
    found = []
    for band in range(BANDS):
        value = 0
        for bit, offset in enumerate(cells(width, height, band)):
            if BLACK < luma[offset] < WHITE:
                return {}
            value |= (luma[offset] >= WHITE) << bit
        number, who = value & 0xfffff, value >> 24 & 3
        if value != code(number, band, who):
            return {}
        found.append((who, number))
    newest = max(number for _, number in found)
    who = found[0][0]
    if any(one != (who, number_of(newest, band)) for band, one in enumerate(found)):
        return {}
    return {who: newest}


def cursor(red: bytes, width: int) -> tuple[int, int] | None:
    """Where the first line of it begins."""
    reds = red.translate(_REDS)
    if reds.count(1) < RED_SAMPLES:
        return None
    first = reds.index(1)
    return 2 * (first % (width // 2)), 2 * (first // (width // 2))


def pictures(recording: pathlib.Path) -> Iterator[Picture]:
    """What the decoder makes of a recording, each picture in its own size."""
    path = str(recording / "sink.ts")
    command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "mpegts", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough",
               "-autoscale", "0", "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as decoder:
        for width, height in media.decoded_sizes(path):
            luma, chroma = width * height, (width // 2) * (height // 2)
            data = decoder.stdout.read(luma + 2 * chroma)
            if len(data) < luma + 2 * chroma:
                break
            yield Picture(width, height, whole(data, width, height), cursor(data[luma + chroma:], width))
        decoder.stdout.close()


def moving_faults(seen: list[Picture], step: dict) -> list[str]:
    """Pictures `first` to `last`: each that came has to be whole, newer than the one before, and of the step's size."""
    who, size = step["who"], tuple(step["size"])
    numbers = [picture.numbers.get(who) for picture in seen]
    inside = [at for at, number in enumerate(numbers) if number is not None and step["first"] <= number <= step["last"]]
    if not inside:
        return [f"none of the pictures {step['first']} to {step['last']} has arrived"]
    begin, end = inside[0], inside[-1]
    # The step ends with the newest picture. What stands still is there again, whole, after a screen that was dark meanwhile.
    newest = max(inside, key=lambda at: numbers[at])
    faults = []
    torn = [at for at in range(begin, newest + 1) if numbers[at] is None]
    if torn:
        faults.append(f"{len(torn)} of {newest + 1 - begin} pictures are not whole, the first is number {torn[0]} of the recording")
    came = [numbers[at] for at in range(begin, end + 1) if numbers[at] is not None]
    backwards = [(one, other) for one, other in zip(came, came[1:]) if other < one]
    if backwards:
        faults.append("picture {} came after {}".format(*reversed(backwards[0])))
    sizes = {(seen[at].width, seen[at].height) for at in range(begin, end + 1)}
    if sizes != {size}:
        faults.append(f"pictures of {sorted(sizes)}, not {size}")
    if len(set(came)) < step["least"]:
        faults.append(f"{len(set(came))} different pictures, {step['least']} wanted")
    if step.get("still") and came[-1] != step["last"]:
        faults.append(f"the last picture is {came[-1]}, not {step['last']}, at which the desktop stood still")
    return faults


def cursor_faults(seen: list[Picture], step: dict) -> list[str]:
    """Over a picture that did not change the cursor has been seen on its way, nowhere else, and at its end."""
    numbers = [picture.numbers.get(step["who"]) for picture in seen]
    if step["still at"] not in numbers:
        return [f"picture {step['still at']} has not arrived"]
    begin = numbers.index(step["still at"])
    after = [at for at, number in enumerate(numbers) if number is not None and number > step["still at"]]
    came = [picture.cursor for picture in seen[begin:after[0] if after else None] if picture.cursor]
    faults = []
    if len(set(came)) < step["least"]:
        faults.append(f"the cursor was seen at {len(set(came))} places, not {step['least']}")
    elsewhere = [place for place in came if not any(_near(place, wanted) for wanted in step["places"])]
    if elsewhere:
        faults.append(f"{len(elsewhere)} of {len(came)} times the cursor was not where the mouse had been moved to, first at "
                      f"{elsewhere[0]}")
    if came and not _near(came[-1], step["places"][-1]):
        faults.append(f"the cursor was seen last at {came[-1]}, not {tuple(step['places'][-1])}")
    return faults


def _near(place: tuple[int, int], wanted: list[int]) -> bool:
    return all(abs(one - other) <= NEAR for one, other in zip(place, wanted))


def main() -> int:
    directory = pathlib.Path(sys.argv[1])
    path = directory / "expected.json"
    if not path.exists():
        print(f"FAIL {path} is missing: the desktops did not come that far")
        return 1
    steps = json.loads(path.read_text(encoding="utf-8"))
    recordings: dict[str, list[Picture]] = {}
    failed = 0
    for step in steps:
        name = step["recording"]
        if name not in recordings:
            there = (directory / name / "sink.ts").exists()
            recordings[name] = list(pictures(directory / name)) if there else []
        faults = (cursor_faults if "places" in step else moving_faults)(recordings[name], step)
        for fault in faults:
            print(f"# {name}, {len(recordings[name])} pictures: {fault}")
        print(f"{'FAIL' if faults else 'PASS'} {step['step']}: what arrived", flush=True)
        failed += bool(faults)
    if not steps:
        print("FAIL nothing was to be looked at")
    return bool(failed or not steps)


if __name__ == "__main__":
    sys.exit(main())
