# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures a known signal in the sound of a recording, and says what is wrong with it.

The signal: each channel has its own sine, whose frequency is a multiple of 20 Hz; once a second a click, ten
milliseconds of a higher sine on top, in all channels but LFE; and with it a flash, a picture that is white.

A window of 50 ms holds whole periods of all these tones. So its phase stays what it was in the window before, unless
samples were lost or repeated between them, and how many is what the phase of all channels together has moved by. Two
tones tell up to some hundred samples; what is more shows in the clicks, which must be a second of samples apart, and in
the PTS. What is not of the signal (gaps, blocks that were repeated) is what remains of a window's energy.
"""
from __future__ import annotations

import array
import cmath
import dataclasses
import functools
import math
import operator
import statistics

from . import left_out
from .sound import Track

FULL_SCALE = 32768
WINDOWS_PER_SECOND = 20
NAMES = ("FL", "FR", "FC", "LFE", "RL", "RR")
LFE = 3
TONES = {2: (440, 660), 6: (440, 660, 880, 60, 1100, 1320)}
CLICK_HZ, CLICK_S = 4000, 0.010
# A tone below this turns too little with one sample to count samples by it.
LEAST_COUNTING_HZ = 200


@dataclasses.dataclass(frozen=True)
class Signal:
    """What is to be heard. Amplitudes are parts of full scale."""
    tones: tuple[int, ...]
    amplitude: float = 0.25
    click_amplitude: float = 0.5
    click_every: float = 1.0


@dataclasses.dataclass(frozen=True)
class Limits:
    """What is let pass; a decoder of AAC or AC-3 gives back less than it was given."""
    level_db: float = 1.0
    leak_db: float = -60.0          # another channel's tone, against a channel's own
    residue_db: float = -50.0       # what is neither tone nor click, against the tone
    clock_ppm: float = 20.0
    click_ms: float = 0.5
    skew_ms: float = 20.0
    drift_ms: float = 5.0           # of the skew, from one end of the recording to the other


LOSSLESS = Limits()
LOSSY = Limits(level_db=1.5, leak_db=-30.0, residue_db=-20.0, click_ms=1.5)


def limits_of(codec: str) -> Limits:
    return LOSSLESS if codec == "LPCM" else LOSSY


@functools.lru_cache(maxsize=32)
def _table(hz: float, rate: int, length: int) -> tuple[list[float], list[float]]:
    step = 2 * math.pi * hz / rate
    return [math.cos(step * n) for n in range(length)], [math.sin(step * n) for n in range(length)]


def component(samples: array.array, hz: float, rate: int) -> complex:
    """Amplitude (of full scale) and phase of one frequency in some samples."""
    cosine, sine = _table(hz, rate, len(samples))
    scale = 2 / len(samples) / FULL_SCALE if samples else 0
    return complex(sum(map(operator.mul, samples, sine)), sum(map(operator.mul, samples, cosine))) * scale


def energy(samples: array.array) -> float:
    """Mean square, of full scale."""
    return sum(map(operator.mul, samples, samples)) / len(samples) / FULL_SCALE ** 2


def decibel(ratio: float) -> float:
    return 20 * math.log10(max(ratio, 1e-6))


def wrapped(angle: float) -> float:
    return (angle + math.pi) % (2 * math.pi) - math.pi


def name_of(channel: int) -> str:
    return NAMES[channel] if channel < len(NAMES) else f"channel {channel}"


@dataclasses.dataclass
class Measured:
    """Figures for people and programs, and the reasons to fail."""
    figures: dict = dataclasses.field(default_factory=dict)
    faults: list[str] = dataclasses.field(default_factory=list)

    def fault(self, text: str) -> None:
        self.faults.append(text)


class Judge:
    """One track against one signal."""

    def __init__(self, track: Track, signal: Signal, limits: Limits | None = None):
        self.track, self.signal = track, signal
        self.limits = limits or limits_of(track.codec)
        self.excused = left_out.Spans([])   # samples of which the source has said that it has left them out
        self._onsets: list[float] | None = None
        self.window = track.rate // WINDOWS_PER_SECOND
        self.result = Measured()
        self.begin = self.end = 0           # samples between which the signal is

    def seconds(self, sample: float) -> float:
        return sample / self.track.rate

    def run(self) -> Measured:
        track = self.track
        self.time()
        if len(track.channels) != len(self.signal.tones):
            self.result.fault(f"{len(track.channels)} channels instead of {len(self.signal.tones)}")
        elif self._find():
            self._tones()
            self._windows()
            self._clicks()
        return self.result

    # -- the track's time --------------------------------------------------------------------------------------

    def time(self) -> None:
        """The PTS go on as the samples do, sounding or silent."""
        track, steps = self.track, self.track.steps()
        self.result.figures.update(codec=track.codec, rate=track.rate, channels=len(track.channels),
                                   seconds=round(self.seconds(track.length), 3), pts_steps=len(steps))
        for sample, missing in steps[:5]:
            kind = "gap" if missing > 0 else "overlap"
            self.result.fault(f"PTS: {kind} of {abs(missing):.1f} samples at {self.seconds(sample):.3f} s")
        (first, start), (last, end) = track.units[0], track.units[-1]
        if last == first:
            return
        drift = (end - start) / 90000 - sum(missing for _, missing in steps) / track.rate - self.seconds(last - first)
        ppm = drift / self.seconds(last - first) * 1e6
        self.result.figures["pts_clock_ppm"] = round(ppm, 1)
        # A PTS is rounded to 11 us, which is much in a short recording.
        if abs(drift) > 50e-6 + self.limits.clock_ppm * 1e-6 * self.seconds(last - first):
            self.result.fault(f"PTS run off from the samples by {ppm:.0f} ppm")

    # -- where the signal is -----------------------------------------------------------------------------------

    def _find(self) -> bool:
        """The first and the last window with sound in it, less those at the edges that may be half filled."""
        loud = self._loud()
        if len(loud) < WINDOWS_PER_SECOND:
            self.result.fault(f"only {len(loud) / WINDOWS_PER_SECOND:.2f} s of sound that is loud enough")
            return False
        self.begin, self.end = loud[0] + 2 * self.window, loud[-1] - self.window
        self.result.figures["sounding"] = [round(self.seconds(loud[0]), 2), round(self.seconds(loud[-1] + self.window), 2)]
        quiet = [at for a, b in zip(loud, loud[1:]) if b - a > self.window for at in range(a + self.window, b, self.window)
                 if not self._is_excused(at)]
        if quiet:
            self.result.fault(f"silent for {len(quiet) / WINDOWS_PER_SECOND:.2f} s, first after "
                              f"{self.seconds(quiet[0] - self.window):.2f} s")
        return True

    def _loud(self) -> list[int]:
        """The windows with sound in them."""
        track, least = self.track, (self.signal.amplitude / 4) ** 2 / 2
        return [at for at in range(0, track.length - self.window + 1, self.window)
                if max(energy(channel[at:at + self.window:8]) for channel in track.channels) > least]

    def _is_excused(self, at: int) -> bool:
        return self.excused.touch(at, at + self.window)

    def is_excused(self, light: Flash) -> bool:
        """Whether the click of a flash may be missing: the flash may have begun while sound was left out, or its click, which
        need not be at the same moment, is too near to that to be judged."""
        (sample, first), around = self.track.units[0], self.window
        begin, end = (sample + (pts - first / 90000) * self.track.rate for pts in (light.earliest, light.pts))
        return (self.excused.touch(begin - around, end + around) or
                any(begin - around < onset < end + around and self._is_unclear(onset) for onset in self.onsets()))

    def _is_unclear(self, onset: float) -> bool:
        """A click that may not be whole, since sound was left out near it."""
        return self.excused.touch(onset - self.window, onset + self.window)

    def excuse(self, said: left_out.Said, clock: float, first_click: float, where: left_out.Placed) -> None:
        """What the source has left out is missing, and nothing else is; what is missing of LPCM is counted by the sample.

        `clock` is CLOCK_MONOTONIC less PTS, `where` the track that is judged. Time without a PTS is a part of what is missing.
        """
        track, figures = self.track, self.result.figures
        edge, origin = left_out.EDGE_S[track.codec] * track.rate, track.units[0][1] / 90000
        pieces = [tuple((time - clock - origin) * track.rate + track.units[0][0] for time in piece) for piece in said.pieces]
        inside = [(max(begin, 0.0), min(end, float(track.length))) for begin, end in pieces if end > 0 and begin < track.length]
        self.excused = left_out.Spans([(begin - edge, end + edge) for begin, end in inside])
        figures.update(left_out_s=round(said.seconds, 4), left_out_pieces=len(said.pieces),
                       pts_missing_s=round(sum(end - begin for begin, end in where.gaps) / track.rate, 4))
        for begin, end in where.gaps:
            if not self.excused.hold(begin, end):
                self.result.fault(f"PTS: {end - begin} samples are missing at {self.seconds(begin):.3f} s, and nobody has left them out")
        if contradiction := said.contradiction():
            self.result.fault(contradiction)
        if track.codec == "LPCM":
            self._missing(left_out.missing(where, first_click, inside), inside)

    def _missing(self, found: list[tuple[int, int]], inside: list[tuple[float, float]]) -> None:
        total, said = sum(end - begin for begin, end in found), sum(end - begin for begin, end in inside)
        nobodys = [(begin, end) for begin, end in found if not self.excused.hold(begin, end)]
        self.result.figures.update(samples_missing=total, samples_left_out=round(said),
                                   samples_nobody_left_out=sum(end - begin for begin, end in nobodys))
        for begin, end in nobodys[:5]:
            self.result.fault(f"{end - begin} samples are not the signal's at {self.seconds(begin):.3f} s, and nobody has left them out")
        # A place is right to a millisecond, on both sides.
        if abs(total - said) > 2 * left_out.EDGE_S["LPCM"] * self.track.rate * len(inside):
            self.result.fault(f"{total} samples are missing, the source has left out {said:.0f}")

    # -- which tone, how loud ----------------------------------------------------------------------------------

    def _tones(self) -> None:
        """Each channel has its tone, as loud as it should be, and none of the others."""
        track, signal = self.track, self.signal
        count = (self.end - self.begin) // self.window
        # Some windows here and there are enough: what differs between them, the phases tell.
        chosen = [self.begin + n * self.window for n in range(0, count, max(1, count // 40))]
        figures = self.result.figures["tones"] = {}
        for number, channel in enumerate(track.channels):
            found = {hz: statistics.median(abs(component(channel[at:at + self.window], hz, track.rate)) for at in chosen)
                     for hz in signal.tones}
            own, hz = found[signal.tones[number]], signal.tones[number]
            level = decibel(own / signal.amplitude)
            others = {other: value for other, value in found.items() if other != hz}
            leak_hz = max(others, key=others.get)
            leak = decibel(others[leak_hz] / max(own, 1e-6))
            figures[name_of(number)] = {"hz": hz, "level_dbfs": round(decibel(own), 2), "leak_db": round(leak, 1)}
            if abs(level) > self.limits.level_db:
                self.result.fault(f"{name_of(number)}: {hz} Hz is {level:+.1f} dB from its level{self._instead(number, found)}")
            elif leak > self.limits.leak_db:
                self.result.fault(f"{name_of(number)}: the {leak_hz} Hz of {name_of(signal.tones.index(leak_hz))} are "
                                  f"{leak:.0f} dB in it")

    def _instead(self, number: int, found: dict[int, float]) -> str:
        """What a channel has in place of its tone."""
        signal, loudest = self.signal, max(found, key=found.get)
        if abs(decibel(found[loudest] / signal.amplitude)) < 3 and loudest != signal.tones[number]:
            return f"; it has the {loudest} Hz of {name_of(signal.tones.index(loudest))}"
        hz = self._frequency(number)
        return f"; there are {hz:.1f} Hz" if hz else "; it is silent"

    def _frequency(self, number: int) -> float | None:
        """The strongest frequency, from the peak and how its phase turns in 5 ms."""
        channel, rate = self.track.channels[number], self.track.rate
        one, later = channel[self.begin:self.begin + self.window], rate // 200
        if energy(one) < (self.signal.amplitude / 20) ** 2:
            return None
        peak = max(range(20, 3000, 20), key=lambda hz: abs(component(one, hz, rate)))
        two = channel[self.begin + later:self.begin + later + self.window]
        turn = wrapped(cmath.phase(component(two, peak, rate)) - cmath.phase(component(one, peak, rate)) -
                       2 * math.pi * peak * later / rate)
        return peak + turn / (2 * math.pi) * rate / later

    # -- nothing lost, nothing repeated ------------------------------------------------------------------------

    def _windows(self) -> None:
        track, signal, window = self.track, self.signal, self.window
        starts = range(self.begin, self.end - window + 1, window)
        phases = [[cmath.phase(component(channel[at:at + window], hz, track.rate)) for at in starts]
                  for channel, hz in zip(track.channels, signal.tones)]
        clicks = [abs(component(track.channels[0][at:at + window], CLICK_HZ, track.rate)) for at in starts]
        quiet = [max(clicks[max(0, n - 1):n + 2]) < signal.click_amplitude / 100 for n in range(len(starts))]
        # An encoder that has to save bits takes them from the tones where a click is.
        used = [n for n in range(len(starts)) if (quiet[n] or track.codec == "LPCM") and not self._is_excused(starts[n])]
        if len(used) < WINDOWS_PER_SECOND // 2:
            self.result.fault(f"{CLICK_HZ} Hz, which are to click, are in all of the sound but {len(used)} windows")
            return
        self._slips([starts[n] for n in used], [[channel[n] for n in used] for channel in phases])
        self._residue([start for start, clean in zip(starts, quiet) if clean and not self._is_excused(start)])

    def _slips(self, starts: list[int], phases: list[list[float]]) -> None:
        """Samples that were lost (positive) or repeated (negative) between windows, and how the tones' clock runs."""
        rate = self.track.rate
        counting = [n for n, hz in enumerate(self.signal.tones) if hz >= LEAST_COUNTING_HZ]
        per_sample = {n: 2 * math.pi * self.signal.tones[n] / rate for n in counting}
        noise = 0.0 if self.track.codec == "LPCM" else 0.01

        def turned(before: dict[int, float], index: int) -> dict[int, float]:
            return {n: wrapped(phases[n][index] - before[n]) for n in counting}

        def steady(turns: dict[int, float]) -> bool:
            return all(abs(turns[n]) < 0.4 * per_sample[n] + noise for n in counting)

        slips: list[tuple[float, int]] = []
        unsteady: list[float] = []
        before = {n: phases[n][0] for n in counting}
        fastest = max(counting, key=lambda n: self.signal.tones[n])
        slow_turn, index = 0.0, 1
        while index < len(starts):
            turns = turned(before, index)
            if steady(turns):
                slow_turn += turns[fastest]
                before = {n: phases[n][index] for n in counting}
                index += 1
                continue
            # The window itself may hold both sides of the cut, and a decoder smears it: two that agree are wanted.
            after = next((n for n in range(index + 1, min(index + 6, len(starts) - 1))
                          if steady(turned({c: phases[c][n] for c in counting}, n + 1))), None)
            at = self.seconds(starts[index])
            if after is None:
                unsteady.append(at)
                before = {n: phases[n][index] for n in counting}
                index += 1
                continue
            lost = self._samples_of(turned(before, after), per_sample)
            if abs(lost) > left_out.SLIP or lost and not self.excused.touch(starts[index - 1], starts[after]):
                slips.append((at, lost))
            elif not lost:
                unsteady.append(at)
            before = {n: phases[n][after] for n in counting}
            index = after + 1
        between = max(self.seconds(starts[-1] - starts[0]), 1 / WINDOWS_PER_SECOND)
        ppm = slow_turn / (2 * math.pi * self.signal.tones[fastest] * between) * 1e6
        self.result.figures.update(
            seconds_counted=round(self.seconds(starts[-1] - starts[0] + self.window), 2), samples_lost=sum(n for _, n in slips if n > 0),
            samples_repeated=-sum(n for _, n in slips if n < 0), slips=[[round(at, 2), n] for at, n in slips[:10]],
            unsteady=[round(at, 2) for at in unsteady[:10]], tone_clock_ppm=round(ppm, 2))
        for at, lost in slips[:5]:
            self.result.fault(f"{abs(lost)} samples {'lost' if lost > 0 else 'repeated'} at {at:.2f} s, by the tones' phase")
        if unsteady:
            self.result.fault(f"the tones' phase is unsteady in {len(unsteady)} windows, first at {unsteady[0]:.2f} s")
        if abs(ppm) > self.limits.clock_ppm:
            self.result.fault(f"the tones' clock runs off by {ppm:+.0f} ppm against the samples")

    def _samples_of(self, turns: dict[int, float], per_sample: dict[int, float]) -> int:
        """The least number of samples that explains how far the tones have turned."""
        period = self.track.rate // functools.reduce(math.gcd, (self.signal.tones[n] for n in turns))

        def unexplained(samples: int) -> float:
            return sum(wrapped(turn - per_sample[n] * samples) ** 2 for n, turn in turns.items())
        return min(range(-(period // 2), period // 2 + 1), key=lambda n: (round(unexplained(n), 3), abs(n)))

    def _residue(self, starts: list[int]) -> None:
        """What is left of each window without its tone; a click's windows are the clicks' own affair."""
        track, worst, bad = self.track, -120.0, []
        for at in starts:
            for channel, hz in zip(track.channels, self.signal.tones):
                piece = channel[at:at + self.window]
                tone = abs(component(piece, hz, track.rate)) ** 2 / 2
                residue = 10 * math.log10(max(energy(piece) - tone, 1e-10) / max(tone, 1e-9))
                worst = max(worst, residue)
                if residue > self.limits.residue_db:
                    bad.append((self.seconds(at), residue))
                    break
        self.result.figures["residue_worst_db"] = round(worst, 1)
        if bad:
            self.result.fault(f"{len(bad)} windows hold something else than the tones, first at {bad[0][0]:.2f} s "
                              f"({bad[0][1]:.0f} dB)")

    # -- clicks ------------------------------------------------------------------------------------------------

    def _clicks(self) -> None:
        """Their beginnings, a second of samples and a second of PTS apart."""
        track, every = self.track, self.signal.click_every
        onsets = [onset for onset in self.onsets() if not self._is_unclear(onset)]
        figures = self.result.figures
        figures["clicks"] = len(onsets)
        figures["click_pts"] = [round(track.pts(onset), 6) for onset in onsets]
        expected = self.seconds(self.end - self.begin) / every
        if self.excused.spans and onsets:
            # Those that would be where something was left out.
            period = every * track.rate
            first = onsets[0] - math.floor((onsets[0] - self.begin) / period) * period
            expected = sum(not self._is_unclear(first + n * period)
                           for n in range(math.ceil((self.end - first) / period)))
        if len(onsets) < expected - 1.2:
            self.result.fault(f"{len(onsets)} clicks in {self.seconds(self.end - self.begin):.1f} s")
        if len(onsets) < 2:
            return
        steps = {at: missing for at, missing in track.steps()}
        off = []
        for one, two in zip(onsets, onsets[1:]):
            periods = max(1, round((two - one) / track.rate / every))
            # Where the stream itself says that something is missing, that has been said.
            if not any(one < at <= two for at in steps):
                off.append(((two - one) / track.rate - periods * every) * 1000)
        total = (onsets[-1] - onsets[0]) / track.rate
        figures["samples_missing_by_clicks"] = round((round(total / every) * every - total) * track.rate)
        figures["click_spacing_worst_ms"] = round(max(off, key=abs, default=0.0), 3)
        if off and abs(max(off, key=abs)) > self.limits.click_ms:
            self.result.fault(f"clicks are up to {max(off, key=abs):+.2f} ms off a second of samples")

    def onsets(self) -> list[float]:
        """The sample at which each click begins, by the middle of its envelope.

        Where sound begins, and where it ends, it may be in the middle of a click, whose beginning that does not tell.
        """
        if self._onsets is None:
            loud, length = self._loud() or [0], CLICK_S * self.track.rate
            self._onsets = [onset for onset in self._listen() if loud[0] + self.window <= onset <= loud[-1] - length]
        return self._onsets

    def _listen(self) -> list[float]:
        track, rate = self.track, self.track.rate
        channel, length = track.channels[0], int(CLICK_S * rate)
        whole = self.signal.click_amplitude * length / self.window
        found: list[float] = []
        at = max(self.begin - 2 * self.window, 0)
        while at + 2 * self.window <= track.length:
            if abs(component(channel[at:at + self.window], CLICK_HZ, rate)) < whole / 4:
                at += self.window
                continue
            # All of the click, and silence at 4 kHz on both sides of it.
            start = max(0, at - self.window // 2)
            onset = self._onset(channel[start:at + 2 * self.window], length)
            if onset is not None:
                found.append(start + onset)
            at += 2 * self.window
        return found

    def _onset(self, piece: array.array, length: int) -> float | None:
        cosine, sine = _table(CLICK_HZ, self.track.rate, len(piece))
        real, imaginary = [0.0], [0.0]
        for sample, c, s in zip(piece, cosine, sine):
            real.append(real[-1] + sample * c)
            imaginary.append(imaginary[-1] + sample * s)
        scale = 2 / length / FULL_SCALE
        # The envelope of a click in a window of its own length is a triangle with its top where they coincide.
        envelope = [scale * math.hypot(real[n + length] - real[n], imaginary[n + length] - imaginary[n])
                    for n in range(len(piece) - length + 1)]
        top = max(envelope)
        peak = envelope.index(top)
        if top < self.signal.click_amplitude / 3:
            return None

        def crossing(indices: range) -> float | None:
            for n in indices:
                ahead = n + indices.step
                if not 0 <= ahead < len(envelope):
                    return None
                if envelope[ahead] < top / 2 <= envelope[n]:
                    return n + indices.step * (envelope[n] - top / 2) / (envelope[n] - envelope[ahead])
            return None
        left, right = crossing(range(peak, -1, -1)), crossing(range(peak, len(envelope), 1))
        return None if left is None or right is None else (left + right) / 2


# -- against the picture ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Flash:
    """When a picture became white: not before `earliest`, and at `pts` it was (seconds)."""
    pts: float
    earliest: float


def flashes(pictures: list[tuple[float, float]], white: float = 190.0, dark: float = 170.0) -> list[Flash]:
    """The flashes among pictures of (PTS in seconds, mean luma)."""
    found, last = [], None
    for (before, _), (pts, luma) in zip(pictures, pictures[1:]):
        lit = luma > white
        if lit and last is False:
            found.append(Flash(pts, before))
        last = lit if luma > white or luma < dark else last
    return found


def skew(clicks: list[float], lights: list[Flash], period: float, limits: Limits, result: Measured) -> None:
    """Flash minus click in milliseconds: positive where the sound is ahead of its picture.

    `period` is the longest time between two pictures that are not missing. A flash before which pictures are missing may have
    begun with any of them: it counts as unclear, and as skew only if none of these times would do. Half of them have to be
    clear.
    """
    pairs, unclear = [], 0
    for light in lights:
        nearest = min(clicks, key=lambda click: abs(click - light.pts), default=None)
        if nearest is None or abs(nearest - light.pts) > 0.4:
            continue
        if light.pts - light.earliest > 1.5 * period:
            unclear += 1
            if light.earliest - nearest > limits.skew_ms / 1000 or nearest - light.pts > limits.skew_ms / 1000:
                result.fault(f"a flash of {light.earliest - nearest:+.3f} to {light.pts - nearest:+.3f} s from its click")
            continue
        pairs.append((light.pts, (light.pts - nearest) * 1000))
    matched = len(pairs) + unclear
    figures = result.figures
    figures.update(flashes=len(lights), flashes_unclear=unclear)
    if not pairs or unclear > matched / 2:
        result.fault(f"{len(pairs)} of {len(lights)} flashes have a click and a clear beginning")
        return
    values = [value for _, value in pairs]
    third = max(1, len(values) // 3)
    drift = statistics.median(values[-third:]) - statistics.median(values[:third]) if len(values) > 2 else 0.0
    figures["skew_ms"] = {"median": round(statistics.median(values), 2), "worst": round(max(values, key=abs), 2),
                          "least": round(min(values), 2), "most": round(max(values), 2), "drift": round(drift, 2),
                          "pairs": len(values)}
    if abs(max(values, key=abs)) > limits.skew_ms:
        result.fault(f"sound and picture are up to {max(values, key=abs):+.1f} ms apart (median "
                     f"{statistics.median(values):+.1f} ms), {limits.skew_ms:g} ms are allowed")
    if abs(drift) > limits.drift_ms:
        result.fault(f"sound and picture drift by {drift:+.1f} ms")
    both = [light for light in lights if clicks and clicks[0] - 0.4 < light.pts < clicks[-1] + 0.4]
    if len(both) > matched:
        result.fault(f"{len(both) - matched} flashes without a click")
    inside = [click for click in clicks if lights and lights[0].pts - 0.4 < click < lights[-1].pts + 0.4]
    if len(inside) > len(lights) + max(1, len(inside) // 10):
        result.fault(f"{len(inside)} clicks for {len(lights)} flashes")
