# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a source says that it has left out of the sound, against what is missing in a recording.

A source that does not get done in time leaves out what is late, and says so: a line of its log for each piece (from which
time of CLOCK_MONOTONIC on, how long), and the sums at the end, which are those of its statistics. Here these pieces are put
on the samples of the recording. Within them anything may be missing; what is missing elsewhere, nobody has owned up to.
"""
from __future__ import annotations

import array
import bisect
import collections
import dataclasses
import re
import statistics

from .sound import Track

_PIECE = re.compile(r"sound left out: (\d+) ns from (\d+) ns on")
_SUMS = re.compile(r"sound: ([\d.]+) ms came too late and were skipped, ([\d.]+) ms were lost, in (\d+) places")
# Sums are written with a tenth of a millisecond, and each piece is cut to a microsecond in them.
SUM_SLACK_MS, PIECE_SLACK_MS = 0.2, 0.002
# What a frame that is missing, or goes into an encoder after a gap, takes with it on both sides: the frame, and what the
# encoder had seen of the next ones. Samples of LPCM are on their own; a place is right to a millisecond.
EDGE_S = {"LPCM": 0.001, "AAC": 0.060, "AC3": 0.060}
# Samples by which what follows a gap may be off: its time is rounded to a place, and PTS are too coarse to tell a sample.
SLIP = 2


@dataclasses.dataclass(frozen=True)
class Said:
    """What the log says. `pieces` are (from, to) in seconds, in order, united where they touch."""
    pieces: list[tuple[float, float]]
    total_ms: float                 # of all lines
    sums_ms: float | None           # skipped and lost, as the statistics have it; None: the log ends without them
    places: int = 0

    @property
    def seconds(self) -> float:
        return sum(to - begin for begin, to in self.pieces)

    def contradiction(self) -> str | None:
        """Where the statistics and the pieces do not agree."""
        if self.sums_ms is None:
            return "the source has not said what it has left out in all"
        if abs(self.sums_ms - self.total_ms) > SUM_SLACK_MS + PIECE_SLACK_MS * max(len(self.pieces), self.places):
            return f"the source's statistics say that {self.sums_ms:.1f} ms were left out, its pieces are {self.total_ms:.1f} ms"
        return None


def united(pieces: list[tuple[float, float]], slack: float = 0.0) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for begin, end in sorted(pieces):
        if found and begin <= found[-1][1] + slack:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def read(log: str) -> Said:
    lines = [(int(begin) / 1e9, int(length) / 1e9) for length, begin in _PIECE.findall(log)]
    sums = _SUMS.findall(log)
    return Said(united([(begin, begin + length) for begin, length in lines], 1e-3), sum(length for _, length in lines) * 1000,
                sum(float(skipped) + float(lost) for skipped, lost, _ in sums) if sums else None,
                sum(int(places) for _, _, places in sums))


class Spans:
    """Stretches of a track's samples."""

    def __init__(self, spans: list[tuple[float, float]]):
        self.spans = united(spans)
        self._ends = [end for _, end in self.spans]

    def touch(self, begin: float, end: float) -> bool:
        index = bisect.bisect_right(self._ends, begin)
        return index < len(self.spans) and self.spans[index][0] < end

    def hold(self, begin: float, end: float) -> bool:
        index = bisect.bisect_left(self._ends, end)
        return index < len(self.spans) and self.spans[index][0] <= begin

    def within(self, begin: float, end: float) -> float:
        """How much of begin..end they are."""
        return sum(max(0.0, min(end, b) - max(begin, a)) for a, b in self.spans)


@dataclasses.dataclass
class Placed:
    """A track whose PTS have no gaps: silence is where they had some. `parts` are (first sample, samples) between the gaps."""
    track: Track
    parts: list[tuple[int, int]]

    @property
    def gaps(self) -> list[tuple[int, int]]:
        return [(a + length, b) for (a, length), (b, _) in zip(self.parts, self.parts[1:])]


def placed(track: Track) -> Placed:
    # From the first PTS on each time, so that what is rounded does not add up.
    (first, start), pts_of, before, steps = track.units[0], dict(track.units), 0, []
    for at, missing in track.steps():
        if missing > 0:
            by = round((pts_of[at] - start) * track.rate / 90000) - (at - first)
            steps.append((at, max(0, by - before)))
            before = max(before, by)
    cuts = [0, *(at for at, _ in steps), track.length]
    parts, moved, by = [], [], 0
    for (begin, end), (_, gap) in zip(zip(cuts, cuts[1:]), [(0, 0), *steps]):
        by += gap
        parts.append((begin + by, end - begin))
    starts, index, by = [at for at, _ in steps], 0, 0
    for sample, pts in track.units:
        while index < len(starts) and sample >= starts[index]:
            by += steps[index][1]
            index += 1
        moved.append((sample + by, pts))
    channels = []
    for channel in track.channels:
        whole = array.array("h")
        for (begin, end), (_, gap) in zip(zip(cuts, cuts[1:]), [(0, 0), *steps]):
            whole.frombytes(bytes(2 * gap))
            whole += channel[begin:end]
        channels.append(whole)
    return Placed(dataclasses.replace(track, units=moved, channels=channels), parts)


def _differing(piece: array.array, wanted: array.array, base: int) -> list[tuple[int, int]]:
    """Where two rows of samples are not the same. What is the same by chance for a moment, where a tone is, divides nothing."""
    if piece == wanted:
        return []
    found: list[tuple[int, int]] = []
    for n, (is_there, should_be) in enumerate(zip(piece, wanted)):
        if is_there != should_be:
            if found and n - found[-1][1] < 64:
                found[-1] = (found[-1][0], n + 1)
            else:
                found.append((n, n + 1))
    return [(base + begin, base + end) for begin, end in found]


def missing(where: Placed, first_click: float, said: list[tuple[float, float]]) -> list[tuple[int, int]]:
    """LPCM: the samples that are not those of the signal, of which each second is like the others, and the gaps.

    Behind what the source has left out, `said`, samples may have their place to SLIP of them: it finds that by the time.
    """
    rate, found = where.track.rate, []
    cuts = {round(at) for piece in said for at in piece}
    for channel in where.track.channels:
        begin = round(first_click) % rate
        seconds = [channel[at:at + rate].tobytes() for at in range(begin, where.track.length - rate + 1, rate)]
        if not seconds:
            return [(0, where.track.length)]
        signal = array.array("h", collections.Counter(seconds).most_common(1)[0][0])
        for first, length in where.parts:
            bounds = sorted({first, first + length} | {at for at in cuts if first < at < first + length})
            for at, end in zip(bounds, bounds[1:]):
                tried = (_part(channel, signal, at, end - at, begin + by) for by in sorted(range(-SLIP, SLIP + 1), key=abs))
                found += min(tried, key=lambda runs: sum(b - a for a, b in runs))
    return [(int(a), int(b)) for a, b in united(found + where.gaps)]


def _part(channel: array.array, signal: array.array, first: int, length: int, begin: int) -> list[tuple[int, int]]:
    rate, found, at = len(signal), [], first
    while at < first + length:
        phase = (at - begin) % rate
        until = min(at + rate - phase, first + length)
        found += _differing(channel[at:until], signal[phase:phase + until - at], at)
        at = until
    return found


def clock(started: float, arrivals: list[tuple[float, float]], clicks: list[float], sooner: float) -> float:
    """CLOCK_MONOTONIC less PTS, in seconds: a click is at a whole second, and arrivals, (PTS, arrived), tell which.

    Sound comes at most `sooner` before its time, and less than a second minus that after it.
    """
    first = clicks[0] % 1.0
    fraction = first + statistics.median((click - first + 0.5) % 1.0 - 0.5 for click in clicks)
    about = statistics.median(started + arrived - pts for pts, arrived in arrivals)
    return about + sooner - (about + sooner + fraction) % 1.0
