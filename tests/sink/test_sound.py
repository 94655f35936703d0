#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Self test of the judge of sound: it lets pass what is right, and names each thing that is wrong."""
from __future__ import annotations

import array
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest
import wave

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import sound_check  # noqa: E402
import sound_maker  # noqa: E402
import ts_maker  # noqa: E402
from wfdsink import left_out, mpegts, rtp, sound, tones, tscheck  # noqa: E402
from wfdsink.rules import Findings  # noqa: E402

FORMATS = (("LPCM", 48000, 2), ("LPCM", 44100, 2), ("AAC", 48000, 2), ("AAC", 48000, 6), ("AC3", 48000, 2), ("AC3", 48000, 6))
FEW = (FORMATS[0], FORMATS[2], FORMATS[5])
SECONDS = 3
LATE = 75456                           # a sample amid a second, where no click is


def cut(channels: list[array.array], at: int, count: int) -> list[array.array]:
    return [samples[:at] + samples[at + count:] for samples in channels]


def repeat(channels: list[array.array], at: int, count: int) -> list[array.array]:
    return [samples[:at] + samples[at - count:] for samples in channels]


def muted(channels: list[array.array], at: int, count: int) -> list[array.array]:
    return [samples[:at] + array.array("h", bytes(2 * count)) + samples[at + count:] for samples in channels]


def sine(hz: float, seconds: float, rate: int = 48000) -> array.array:
    return array.array("h", (round(8192 * math.sin(2 * math.pi * hz * n / rate)) for n in range(round(seconds * rate))))


class Recording(unittest.TestCase):
    """A test with a recording of its own."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory(prefix="sound-")
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "sink.ts")

    def write(self, data: bytes) -> str:
        with open(self.path, "wb") as file:
            file.write(data)
        return self.path

    def judged(self, channels: list[array.array], rate: int = 48000, codec: str = "LPCM", **options) -> tones.Measured:
        checks = {name: options.pop(name) for name in ("silent", "with_pictures", "min_seconds", "skew_ms") if name in options}
        self.write(sound_maker.recording(channels, rate, codec, **options))
        return sound_check.check(self.path, checks.pop("expected", len(channels)), **checks)

    def assert_fault(self, result: tones.Measured, *words: str) -> None:
        text = "; ".join(result.faults)
        for word in words:
            self.assertRegex(text, word, result.figures)


class Clean(Recording):
    def test_each_format(self) -> None:
        for codec, rate, count in FORMATS:
            with self.subTest(codec=codec, rate=rate, channels=count):
                result = self.judged(sound_maker.signal(SECONDS, rate, count), rate, codec, min_seconds=SECONDS - 0.5)
                self.assertEqual(result.faults, [], result.figures)
                figures = result.figures
                self.assertEqual((figures["codec"], figures["rate"], figures["channels"]), (codec, rate, count))
                self.assertEqual((figures["samples_lost"], figures["samples_repeated"]), (0, 0))
                self.assertLess(abs(figures["skew_ms"]["worst"]), 1.0)

    def test_the_stream_is_right_as_well(self) -> None:
        for codec, rate, count in FORMATS:
            with self.subTest(codec=codec, rate=rate, channels=count):
                self.write(sound_maker.recording(sound_maker.signal(2, rate, count), rate, codec))
                findings = Findings()
                tscheck.check(self.path, findings, negotiated={"audio": {"codec": codec, "rate": rate, "channels": count}})
                # The pictures' SPS is not that of the table, which is nothing of the sound's.
                self.assertEqual(set(findings.violations()) - {"desc-avc", "desc-lpcm"}, set(), findings.as_json())

    def test_clicks_at_the_ends(self) -> None:
        """Sound that begins, or ends, in the middle of a click has all of its sound nevertheless."""
        for codec, rate, count in FORMATS:
            last = SECONDS * rate
            for name, spoil in (("begins", lambda signal, _: muted(signal, 0, 250)),
                                ("ends", lambda signal, last: muted(signal, last + 250, len(signal[0]) - last - 250))):
                with self.subTest(name, codec=codec, rate=rate, channels=count):
                    result = self.judged(spoil(sound_maker.signal(SECONDS + 0.3, rate, count), last), rate, codec)
                    self.assertEqual(result.faults, [], result.figures)
                    self.assertLess(abs(result.figures["click_spacing_worst_ms"]), 0.5)

    def test_wrapping_pts(self) -> None:
        result = self.judged(sound_maker.signal(SECONDS), start=(1 << 33) - 120000)
        self.assertEqual(result.faults, [])

    def test_silence(self) -> None:
        nothing = [array.array("h", bytes(2 * 48000 * 3))] * 2
        for codec in ("LPCM", "AAC", "AC3"):
            with self.subTest(codec):
                self.assertEqual(self.judged(nothing, codec=codec, silent=True, flash=False).faults, [])
        self.assert_fault(self.judged(sound_maker.signal(3), silent=True, flash=False), "sound in what should be silence")
        self.assert_fault(self.judged(nothing), "0.00 s of sound that is loud")

    def test_command_and_wav(self) -> None:
        self.write(sound_maker.recording(sound_maker.signal(3)))
        for options, status in (((), 0), (("--channels", "6"), 1), (("--min-seconds", "9"), 1), (("--silent",), 1)):
            done = subprocess.run([sys.executable, os.path.join(HERE, "sound_check.py"), self.path, *options],
                                  capture_output=True, check=False)
            self.assertEqual((done.returncode, bool(json.loads(done.stdout)["faults"])), (status, bool(status)))
        self.write(ts_maker.Maker().stream())
        done = subprocess.run([sys.executable, os.path.join(HERE, "sound_check.py"), self.path], capture_output=True, check=False)
        self.assertEqual(done.returncode, 2)
        path = self.path + ".wav"
        sound_maker.write_wav(path, sound_maker.signal(1.5, 44100), 44100)
        with wave.open(path) as file:
            self.assertEqual(file.getparams()[:4], (2, 2, 44100, 66150))
            samples = array.array("h", file.readframes(66150))
        self.assertEqual((samples[2 * 1000], samples[2 * 1000 + 1]),
                         tuple(round(8192 * math.sin(2 * math.pi * hz * 1000 / 44100)) for hz in (440, 660)))


class Faults(Recording):
    """Each fault in every format, as far as a decoder leaves it to be seen."""

    def each(self, spoil, *words: str, formats=FEW, seconds: float = SECONDS, **options) -> None:
        for codec, rate, count in formats:
            with self.subTest(codec=codec, rate=rate, channels=count):
                result = self.judged(spoil(sound_maker.signal(seconds, rate, count)), rate, codec, **options)
                self.assert_fault(result, *words)

    def test_lost_samples(self) -> None:
        self.each(lambda signal: cut(signal, LATE, 5), r"\b5 samples lost at 1\.[5-9]", formats=FORMATS)

    def test_one_sample_of_lpcm(self) -> None:
        for spoil, words in ((cut, r"\b1 samples lost"), (repeat, r"\b1 samples repeated")):
            self.each(lambda signal: spoil(signal, LATE, 1), words, formats=FORMATS[:2])

    def test_repeated_block(self) -> None:
        # A unit of LPCM, and one that the phase of no tone shows: 50 ms.
        self.each(lambda signal: repeat(signal, LATE, 480), r"\d+ samples (repeated|lost)|clicks are")
        self.each(lambda signal: repeat(signal, LATE, 2400), "clicks are up to .50", formats=FORMATS[:1])
        self.each(lambda signal: cut(signal, LATE, 2400), "clicks are up to .50", formats=FORMATS[:1])

    def test_gap_of_silence(self) -> None:
        self.each(lambda signal: muted(signal, LATE, 480), "something else than the tones|unsteady")
        self.each(lambda signal: muted(signal, LATE, 9600), r"silent for 0\.[12]")
        self.each(lambda signal: muted(signal, LATE, 5), "something else than the tones", formats=FORMATS[:2])

    def test_lost_unit(self) -> None:
        """A unit that never comes shows in the PTS, however it was lost."""
        for codec, rate, count in FORMATS:
            with self.subTest(codec=codec, rate=rate, channels=count):
                data = sound_maker.recording(sound_maker.signal(SECONDS, rate, count), rate, codec)
                starts = [packet.index for packet in mpegts.packets(data) if packet.pid == 0x1100 and packet.unit_start]
                spoilt = b"".join(packet.raw for packet in mpegts.packets(data)
                                  if not (packet.pid == 0x1100 and starts[40] <= packet.index < starts[41]))
                result = sound_check.check(self.write(spoilt), count)
                length = {"LPCM": 480, "AAC": 1024, "AC3": 1536}[codec]
                self.assert_fault(result, rf"gap of ({length}\.\d|{length - 1}\.9) samples")
                findings = Findings()
                tscheck.check(self.path, findings, negotiated={"audio": {"codec": codec, "rate": rate, "channels": count}})
                self.assertIn("audio-pts", findings.violations())

    def test_swapped_channels(self) -> None:
        self.each(lambda signal: [signal[1], signal[0], *signal[2:]], "FL: .* it has the 660 Hz of FR", "FR: .* 440 Hz of FL")

    def test_order_of_six(self) -> None:
        # That of the AAC bit stream, FC first.
        self.each(lambda s: [s[2], s[0], s[1], s[4], s[5], s[3]], "FL: .* 880 Hz of FC", "FR: .* 440 Hz of FL", "RL: .* 1320 Hz of RR",
                  formats=[FORMATS[3], FORMATS[5]])

    def test_wrong_frequency(self) -> None:
        wrong = sine(440 * 48000 / 44100, SECONDS)
        self.each(lambda signal: [wrong, signal[1]], r"FL: .* there are 47[89]\.", formats=FORMATS[:1])
        self.each(lambda signal: [sine(450, SECONDS), signal[1]], r"FL: .* there are 4(49|50)\.", formats=[FORMATS[2]])

    def test_wrong_level_and_leak(self) -> None:
        quiet = lambda signal: [array.array("h", (s // 2 for s in signal[0])), signal[1]]
        self.each(quiet, r"FL: 440 Hz is -6\.", formats=FORMATS[:3])
        nothing = lambda signal: [signal[0], array.array("h", bytes(2 * len(signal[0])))]
        self.each(nothing, "FR: .* it is silent", formats=FORMATS[:3])
        mixed = lambda signal: [array.array("h", ((9 * a + b) // 10 for a, b in zip(*signal))), signal[1]]
        self.each(mixed, "the 660 Hz of FR are -19 dB", formats=FORMATS[:3])

    def test_channels(self) -> None:
        self.write(sound_maker.recording(sound_maker.signal(2), 48000))
        self.assert_fault(sound_check.check(self.path, 6), "2 channels instead of 6")

    def test_skew(self) -> None:
        for skew, words in ((0.030, r"up to -30\.\d ms"), (-0.030, r"up to \+(29|30)\.\d ms")):
            self.each(lambda signal: signal, words, skew=skew)
        self.assertEqual(self.judged(sound_maker.signal(SECONDS), skew=0.015).faults, [])
        self.assert_fault(self.judged(sound_maker.signal(SECONDS), skew=0.005, skew_ms=3), "up to -5")

    def test_late_flashes(self) -> None:
        """What a flash was late where it was shown is no skew; what it was not, is."""
        self.write(sound_maker.recording(sound_maker.signal(SECONDS + 1), skew=-0.030))
        for offsets, words in (({n: 30.0 for n in range(9)}, ""), ({2: 30.0, 3: 33.0}, ""), ({n: -5.0 for n in range(9)}, "apart"),
                               ({}, "0 of 0 flashes")):
            self.assertRegex("; ".join(sound_check.check(self.path, offsets=offsets).faults), f"^{words}$" if not words else words)

    def test_unclear_flashes(self) -> None:
        """Pictures are missing before a flash: it may have begun with any of them, and with none that is too far away."""
        clicks = [float(n) for n in range(1, 6)]
        for begin, end, fault in ((-0.05, 0.04, False), (0.01, 0.10, False), (0.03, 0.10, True), (-0.10, -0.03, True)):
            lights = [tones.Flash(click + 0.001, click - 0.016) for click in clicks[:4]] + [tones.Flash(5.0 + end, 5.0 + begin)]
            result = tones.Measured()
            tones.skew(clicks, lights, 1 / 60, tones.LOSSLESS, result)
            self.assertEqual((bool(result.faults), result.figures["flashes_unclear"]), (fault, 1), result)

    def test_flashes_after_a_rest(self) -> None:
        """Where nothing changes no picture need come: a flash after that is not unclear, and counts."""
        clicks = [float(n) for n in range(1, 6)]
        for late, period, words in ((0.001, 1.0, ""), (0.050, 1.0, r"up to \+50\.0 ms"), (0.001, 1 / 60, "clear beginning")):
            result = tones.Measured()
            tones.skew(clicks, [tones.Flash(click + late, click - 0.7) for click in clicks], period, tones.LOSSLESS, result)
            self.assertRegex("; ".join(result.faults), words or "^$")

    def test_drift(self) -> None:
        # 6 ms in a second: the PTS of sound go faster than its samples, and at first none jumps by a sample.
        self.each(lambda signal: signal, "PTS run off from the samples by 6|PTS: gap", "drift by -", stretch=1.006, seconds=4.5)
        self.each(lambda signal: signal, "PTS run off from the samples by (59|6.) ppm", stretch=1.00006)

    def test_endless_click(self) -> None:
        signal = [array.array("h", (a + b for a, b in zip(sine(hz, SECONDS), sine(4000, SECONDS)))) for hz in (440, 660)]
        self.assert_fault(self.judged(signal, codec="AC3", with_pictures=False), "4000 Hz, which are to click, are in all")

    def test_tone_clock(self) -> None:
        # As if resampled by 100 ppm, smoothly.
        signal = [sine(hz * 1.0001, SECONDS) for hz in (440, 660)]
        self.assert_fault(self.judged(signal, with_pictures=False), "clock runs off by .(99|10.) ppm")

    def test_pictures_and_ends(self) -> None:
        self.assert_fault(self.judged(sound_maker.signal(SECONDS), flash=False), "0 of 0 flashes")
        self.assert_fault(self.judged(muted(sound_maker.signal(SECONDS), 0, 0), skew=0.6), "begins 0.60 s after")
        data = sound_maker.recording(sound_maker.signal(SECONDS))
        packets = list(mpegts.packets(data))
        kept = b"".join(p.raw for p in packets if p.pid != 0x1100 or p.index < len(packets) * 0.7)
        self.assert_fault(sound_check.check(self.write(kept)), r"ends 0\.8\d s before")
        clicks = [channel[:] for channel in sound_maker.signal(SECONDS)]
        for channel, hz in zip(clicks, (440, 660)):
            channel[2 * 48000:2 * 48000 + 480] = sine(hz, 0.01)
        self.assert_fault(self.judged(clicks), "1 flashes without a click|clicks in")

    def test_latency(self) -> None:
        """Arrival against the seconds of the clock that the clicks begin with."""
        data = sound_maker.recording(sound_maker.signal(SECONDS))
        self.write(data)
        directory = os.path.dirname(self.path)
        for late, allowed, fault in ((0.030, 31, False), (0.030, 29, True), (-0.012, 0, False)):
            sent, t, units = [], 0.0, 0
            for packet in mpegts.packets(data):
                if packet.pid == 0x1100 and packet.unit_start:
                    t, units = units * 0.010 + late, units + 1
                sent.append(rtp.Datagram(t, 0, 0, 0, 0, 33, 0, 188, 188))
            rtp.save(sent, os.path.join(directory, "rtp.csv"))
            with open(os.path.join(directory, "report.json"), "w", encoding="utf-8") as file:
                json.dump({"started_monotonic": 1234.0}, file)
            result = sound_check.check(directory, latency_ms=allowed)
            self.assertAlmostEqual(result.figures["latency_ms"]["median"], late * 1000, delta=0.3)
            self.assertEqual(bool(result.faults), fault, result.faults)

    def test_undecodable(self) -> None:
        for codec in ("AAC", "AC3"):
            data = bytearray(sound_maker.recording(sound_maker.signal(2), codec=codec))
            for packet in mpegts.packets(bytes(data)):
                if packet.pid == 0x1100 and packet.unit_start and packet.index > 300:
                    data[packet.index * 188 + 187 - 40] ^= 0xFF
                    data[packet.index * 188 + 4 + 14 + 10] ^= 0xFF
            with self.subTest(codec):
                try:
                    faults = sound_check.check(self.write(bytes(data))).faults
                except sound.Unusable as error:
                    faults = [str(error)]
                self.assertTrue(faults)


class LeftOut(Recording):
    """What the source says that it has left out may be missing, and nothing else."""

    STARTED, LATE_S = 1234.0, 0.012

    def heard(self, data: bytes, pieces: list[tuple[float, float]], sums: str | None = None) -> tones.Measured:
        """Judges a recording whose sound was due at STARTED plus its place; `pieces` are (place in seconds, seconds)."""
        self.write(data)
        directory = os.path.dirname(self.path)
        sent, t = [], 0.0
        for packet in mpegts.packets(data):
            if packet.pid == 0x1100 and packet.unit_start:
                pts = int.from_bytes(packet.payload[9:10] + packet.payload[10:14], "big")
                pts = (pts >> 33 & 7) << 30 | (pts >> 17 & 0x7FFF) << 15 | pts >> 1 & 0x7FFF
                t = (pts - 909000) / 90000 + self.LATE_S
            sent.append(rtp.Datagram(t, 0, 0, 0, 0, 33, 0, 188, 188))
        rtp.save(sent, os.path.join(directory, "rtp.csv"))
        with open(os.path.join(directory, "report.json"), "w", encoding="utf-8") as file:
            json.dump({"started_monotonic": self.STARTED}, file)
        lines = [f"x: sound left out: {round(length * 1e9)} ns from {round((self.STARTED + at) * 1e9)} ns on, too old"
                 for at, length in pieces]
        total = sum(length for _, length in pieces) * 1000
        lines.append(sums or f"sound: {total:.1f} ms came too late and were skipped, 0.0 ms were lost, in {len(pieces)} places")
        return sound_check.check(directory, len(sound.read_track(self.path).channels), said=left_out.read("\n".join(lines)))

    def without_units(self, codec: str, count: int, first: int, units: int) -> bytes:
        data = sound_maker.recording(sound_maker.signal(SECONDS, 48000, count), 48000, codec)
        starts = [packet.index for packet in mpegts.packets(data) if packet.pid == 0x1100 and packet.unit_start]
        gone = range(starts[first], starts[first + units])
        return b"".join(packet.raw for packet in mpegts.packets(data) if packet.pid != 0x1100 or packet.index not in gone)

    def test_gap(self) -> None:
        """Units that are not there, with a gap in the PTS."""
        for codec, count, first, units, at, length in (("LPCM", 2, 140, 12, 1.40, 0.120), ("AAC", 2, 66, 6, 1.408 - 0.0213, 0.128),
                                                       ("AC3", 6, 44, 4, 1.408 - 0.0053, 0.128)):
            with self.subTest(codec):
                data = self.without_units(codec, count, first, units)
                result = self.heard(data, [(at, length)])
                self.assertEqual(result.faults, [], result.figures)
                self.assertAlmostEqual(result.figures["pts_missing_s"], length, delta=0.001)
                self.assert_fault(self.heard(data, []), "nobody has left them out")
                self.assert_fault(self.heard(data, [(at + 0.3, length)]), "nobody has left them out")
                self.assert_fault(self.heard(data, [(at, length / 3)]), "nobody has left them out")

    def test_silence(self) -> None:
        """Silence in place of the sound, sample by sample where there are samples."""
        spoilt = muted(sound_maker.signal(SECONDS), LATE, 4800)
        data, at = sound_maker.recording(spoilt), LATE / 48000
        result = self.heard(data, [(at, 0.06), (at + 0.06, 0.04)])
        self.assertEqual(result.faults, [], result.figures)
        self.assertAlmostEqual(result.figures["samples_missing"], 4800, delta=2)
        self.assert_fault(self.heard(data, []), r"(4800|479\d) samples are not the signal's at 1\.57")
        self.assert_fault(self.heard(data, [(at, 0.09)]), "nobody has left them out")
        # More than is missing was owned up to: the statistics are not true.
        self.assert_fault(self.heard(data, [(at - 0.01, 0.12)]), "missing, the source has left out 5760")
        for codec in ("AAC", "AC3"):
            lossy = sound_maker.recording(spoilt, codec=codec)
            self.assertEqual(self.heard(lossy, [(at, 0.1)]).faults, [])
            self.assert_fault(self.heard(lossy, [(at + 0.4, 0.1)]), "silent for|something else|unsteady")

    def test_flash_after_a_piece(self) -> None:
        """A source that stood still shows its flash when it goes on: the click may have been left out before. One second
        later it was not."""
        self.write(sound_maker.recording(sound_maker.signal(SECONDS)))
        judge = tones.Judge(sound.read_track(self.path), tones.Signal(tones.TONES[2]))
        (sample, first), rate = judge.track.units[0], judge.track.rate
        judge.excused = left_out.Spans([(sample + 0.9 * rate, sample + 1.2 * rate)])
        origin = first / 90000
        for earliest, pts, is_excused in ((0.88, 1.29, True), (0.99, 1.0, True), (1.26, 1.29, False), (1.95, 2.0, False)):
            self.assertEqual(judge.is_excused(tones.Flash(origin + pts, origin + earliest)), is_excused, (earliest, pts))
        # A flash that is a little before its click, which is not judged since sound was left out right behind it.
        for begin, is_excused in ((1.045, True), (1.060, False)):
            judge.excused = left_out.Spans([(sample + begin * rate, sample + 1.2 * rate)])
            self.assertEqual(judge.is_excused(tones.Flash(origin + 0.983, origin + 0.966)), is_excused, begin)

    def test_nothing_excuses(self) -> None:
        """A sample too few or too many, a unit twice, and words that do not agree with themselves."""
        at = LATE / 48000
        for spoil in (lambda signal: cut(signal, LATE, 5), lambda signal: repeat(signal, LATE, 480)):
            for codec in ("LPCM", "AAC"):
                data = sound_maker.recording(spoil(sound_maker.signal(SECONDS)), codec=codec)
                self.assert_fault(self.heard(data, [(at - 0.01, 0.02)]), "lost|repeated|not the signal's|clicks are")
        whole = sound_maker.recording(sound_maker.signal(SECONDS))
        self.assertEqual(self.heard(whole, []).faults, [])
        self.assert_fault(self.heard(whole, [(at, 0.05)]), "0 samples are missing, the source has left out 2400")
        self.assert_fault(self.heard(whole, [], "sound: 4.0 ms came too late and were skipped, 3.0 ms were lost, in 1 places"),
                          "say that 7.0 ms were left out, its pieces are 0.0 ms")
        self.assert_fault(self.heard(whole, [], "nothing"), "has not said what it has left out in all")


class Rules(Recording):
    """What the frames say of themselves, against what was agreed."""

    def violations(self, codec: str, channels: int, agreed: dict, spoil=lambda data: data) -> list[str]:
        self.write(spoil(sound_maker.recording(sound_maker.signal(1, channels=channels), codec=codec)))
        findings = Findings()
        tscheck.check(self.path, findings, negotiated={"audio": agreed})
        return findings.violations()

    def test_format(self) -> None:
        for codec in ("AAC", "AC3"):
            agreed = {"codec": codec, "rate": 48000, "channels": 6}
            self.assertNotIn("audio-format", self.violations(codec, 6, agreed))
            self.assertIn("audio-format", self.violations(codec, 2, agreed))
            self.assertIn("audio-format", self.violations(codec, 6, {**agreed, "channels": 2}))
        self.assertIn("audio-format", self.violations("AAC", 2, {"codec": "AAC", "rate": 44100, "channels": 2}))

    def test_layout(self) -> None:
        broken = lambda data: data.replace(b"\x0b\x77", b"\x0b\x78")
        self.assertIn("ac3-frames", self.violations("AC3", 2, {"codec": "AC3", "rate": 48000, "channels": 2}, broken))
        main = lambda data: data.replace(b"\xff\xf9\x4c", b"\xff\xf9\x0c")
        self.assertIn("aac-profile", self.violations("AAC", 2, {"codec": "AAC", "rate": 48000, "channels": 2}, main))


if __name__ == "__main__":
    unittest.main()
