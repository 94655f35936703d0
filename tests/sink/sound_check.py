#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Judges the sound of a recording: the test signal, whole, in its channels, and together with its picture.

    sound_check.py DIR-or-sink.ts [--channels N] [--min-seconds S] [--no-pictures | --silent] [--skew MS] [--latency MS]
                   [--left-out LOG] [--rest S]

The signal is that of wfdsink/tones.py. --latency is for a source on this machine, whose clicks begin with the seconds of
CLOCK_MONOTONIC: how long after that of its first sample each unit arrives, as a median. --left-out is for the same source: what its debug log says that it has left out may be missing, and nothing else.
With --silent there is to be none, in a track that goes on all the same.
Prints JSON: figures, and faults in words. Exit status: 0 as it should be, 1 a fault, 2 there is nothing to judge.
"""
from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from wfdsink import left_out, media, mpegts, rtp, sound, tones  # noqa: E402

# Loudness at which silence is none: what a decoder leaves of it.
SILENCE = 3
# How much later than the pictures the sound may begin, and how much sooner end.
EDGE_S = 0.5
# Sound may come before its time, as players write ahead: not by more than this.
LEAST_LATENCY_S = 0.2
# How the fault begins that a busy processor makes as well.
LATE = "sound arrives"


def pictures(path: str) -> list[tuple[float, float]]:
    """(PTS in seconds, unwrapped; mean luma of the middle) of each decoded picture."""
    graph = "crop=iw/2:ih/2,scale=32:32:flags=area,format=gray,signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-"
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-copyts", "-f", "mpegts", "-i", path, "-an", "-fps_mode",
                           "passthrough", "-vf", graph, "-f", "null", os.devnull], capture_output=True, check=False)
    if done.returncode:
        raise sound.Unusable(f"ffmpeg: {done.stderr.decode('utf-8', 'replace').strip()[-300:]}")
    text, unwrap = done.stdout.decode(), mpegts.Unwrapper()
    found = re.findall(r"pts:(-?\d+)\s.*\n.*YAVG=([\d.]+)", text)
    return [(unwrap(int(pts) % mpegts.WRAP) / 90000, float(luma)) for pts, luma in found]


def silence(track: sound.Track, result: tones.Measured) -> None:
    """A track without sound, whose PTS the judge has looked at."""
    peak = max((max(max(channel), -min(channel)) for channel in track.channels), default=0)
    result.figures["peak"] = peak
    if peak > SILENCE:
        result.fault(f"there is sound in what should be silence: {peak} of {tones.FULL_SCALE}")


def together(track: sound.Track, seen: list[tuple[float, float]], result: tones.Measured) -> None:
    """Sound begins and ends with the pictures. Their PTS are put on one count of wraps."""
    if not seen:
        result.fault("there are no pictures")
        return
    begins, ends = track.pts(0) - seen[0][0], seen[-1][0] - track.pts(track.length)
    result.figures["begins_after_picture_s"], result.figures["ends_before_picture_s"] = round(begins, 3), round(ends, 3)
    if begins > EDGE_S:
        result.fault(f"the sound begins {begins:.2f} s after the pictures")
    if ends > EDGE_S:
        result.fault(f"the sound ends {ends:.2f} s before the pictures")


def same_wraps(track: sound.Track, seen: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The pictures with as many wraps of the PTS behind them as the sound."""
    if not seen:
        return seen
    wrap = mpegts.WRAP / 90000
    turns = round((track.pts(0) - seen[0][0]) / wrap)
    return [(pts + turns * wrap, luma) for pts, luma in seen]


class Clock:
    """CLOCK_MONOTONIC beside the PTS of a recording, for a source on this machine."""

    def __init__(self, directory: str, track: sound.Track, clicks: list[float]):
        with open(os.path.join(directory, "report.json"), encoding="utf-8") as file:
            started = json.load(file)["started_monotonic"]
        arrivals = media.Arrivals(rtp.load(os.path.join(directory, "rtp.csv")))
        known = [(pts / 90000, arrivals.t(packet)) for (_, pts), packet in zip(track.units, track.packets)]
        known = [(pts, arrived) for pts, arrived in known if arrived is not None]
        if not known or not clicks:
            raise sound.Unusable("no click tells the time, or no arrival")
        self.offset = left_out.clock(started, known, clicks, LEAST_LATENCY_S)
        # Milliseconds from the time of each unit's first sample to its arrival.
        self.latencies = sorted((started + arrived - pts - self.offset) * 1000 for pts, arrived in known)


def as_shown(lights: list[tones.Flash], clicks: list[float], offsets: dict[int, float]) -> list[tones.Flash]:
    """The flashes, less what they were late when they were shown; those of which that is not known are left out.

    `offsets` are milliseconds by the number of the click, counted in seconds from the first one.
    """
    kept = []
    for light in lights:
        nearest = min(clicks, key=lambda click: abs(click - light.pts))
        late = offsets.get(round(nearest - clicks[0]))
        if late is not None and abs(nearest - light.pts) < 0.4:
            kept.append(tones.Flash(light.pts - late / 1000, light.earliest - late / 1000))
    return kept


def check(path: str, channels: int = 2, silent: bool = False, with_pictures: bool = True, min_seconds: float = 0.0,
          skew_ms: float = tones.Limits.skew_ms, latency_ms: float | None = None,
          offsets: dict[int, float] | None = None, said: left_out.Said | None = None,
          rest_s: float = 0.0) -> tones.Measured:
    """Judges a recording; raises sound.Unusable where there is nothing to judge.

    `said`: what the source has left out. `rest_s`: how long it sends no picture where none is new.
    """
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    if os.path.isdir(path):
        path = os.path.join(path, "sink.ts")
    track = sound.read_track(path)
    where = None
    if said is not None:
        where = left_out.placed(track)
        track = where.track
    limits = dataclasses.replace(tones.limits_of(track.codec), skew_ms=skew_ms)
    judge = tones.Judge(track, tones.Signal(tones.TONES[channels]), limits)
    clock = None
    if where or latency_ms is not None:
        clock = Clock(directory, track, [track.pts(onset) for onset in judge.onsets()])
    if where:
        judge.excuse(said, clock.offset, judge.onsets()[0], where)
    if silent:
        judge.time()
        silence(track, judge.result)
    else:
        judge.run()
        if judge.result.figures.get("seconds_counted", 0) < min_seconds:
            judge.result.fault(f"only {judge.result.figures.get('seconds_counted', 0)} s of the signal, {min_seconds:g} s wanted")
    result = judge.result
    if with_pictures:
        seen = same_wraps(track, pictures(path))
        together(track, seen, result)
        if not silent and len(seen) > 1 and "click_pts" in result.figures:
            steps = sorted(b - a for (a, _), (b, _) in zip(seen, seen[1:]))
            clicks, lights = result.figures["click_pts"], tones.flashes(seen)
            if offsets is not None and clicks:
                lights = as_shown(lights, clicks, offsets)
            lights = [light for light in lights if not judge.is_excused(light)]
            tones.skew(clicks, lights, max(steps[len(steps) // 2], rest_s), limits, result)
    result.figures.pop("click_pts", [])
    if latency_ms is not None:
        times = clock.latencies
        result.figures["latency_ms"] = {"median": round(times[len(times) // 2], 1), "least": round(times[0], 1),
                                        "p95": round(times[int(len(times) * 0.95)], 1), "most": round(times[-1], 1)}
        if times[len(times) // 2] > latency_ms:
            result.fault(f"{LATE} {times[len(times) // 2]:.1f} ms after its time, {latency_ms:g} ms are allowed")
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", help="sink.ts, or the directory of the session")
    parser.add_argument("--channels", type=int, choices=sorted(tones.TONES), default=2)
    parser.add_argument("--min-seconds", type=float, default=1.0, help="of the signal (default %(default)s)")
    parser.add_argument("--skew", type=float, default=tones.Limits.skew_ms, metavar="MS",
                        help="how far sound and picture may be apart (default %(default)s)")
    parser.add_argument("--flashes", metavar="JSON", help="how late each flash was shown: {\"flashes\": [[click, ms], ...]}")
    parser.add_argument("--latency", type=float, metavar="MS", help="how long after its time sound may arrive")
    parser.add_argument("--left-out", metavar="LOG", help="of the source, which says what it has left out")
    parser.add_argument("--rest", type=float, default=0.0, metavar="S",
                        help="of a desktop that stands still but for its flashes: how long no picture comes of it")
    parser.add_argument("--no-pictures", action="store_true", help="the sound alone: no flash belongs to its clicks")
    parser.add_argument("--silent", action="store_true", help="the track is to be silent, and whole")
    args = parser.parse_args()
    try:
        offsets = said = None
        if args.left_out:
            with open(args.left_out, encoding="utf-8", errors="replace") as file:
                said = left_out.read(file.read())
        if args.flashes:
            with open(args.flashes, encoding="utf-8") as file:
                offsets = dict(json.load(file)["flashes"])
        result = check(args.recording, args.channels, args.silent, not args.no_pictures, args.min_seconds,
                       skew_ms=args.skew, latency_ms=args.latency, offsets=offsets, said=said, rest_s=args.rest)
    except (sound.Unusable, OSError) as error:
        print(f"sound_check: {error}", file=sys.stderr)
        return 2
    json.dump({"figures": result.figures, "faults": result.faults}, sys.stdout, indent=2)
    print()
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
