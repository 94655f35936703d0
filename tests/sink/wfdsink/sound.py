# SPDX-License-Identifier: LGPL-2.1-or-later
"""The sound of a recording as samples on the stream's time: LPCM by hand, AAC and AC-3 by ffmpeg's decoders.

Headers are parsed here, from ISO/IEC 13818-7 and ATSC A/52, so that what the frames say of themselves can be held
against what was agreed before a decoder is asked.
"""
from __future__ import annotations

import array
import dataclasses
import subprocess
import sys
from typing import Iterator

from . import mpegts

H264_PID = 0x1011
AUDIO_PIDS = range(0x1100, 0x1120)
LPCM_HEADER = 4
ADTS_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
ADTS_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)
AC3_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640)
AC3_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
AAC_FRAME, AC3_FRAME = 1024, 1536
# ffmpeg's name of a layout of so many channels, in the order of WAVE.
LAYOUTS = {1: "mono", 2: "stereo", 4: "4.0", 6: "5.1", 8: "7.1"}


@dataclasses.dataclass(frozen=True)
class Frame:
    """What the header of an audio frame says."""
    size: int
    rate: int
    channels: int
    samples: int
    low_complexity: bool = True


def adts_frames(data: bytes) -> list[Frame]:
    """The ADTS frames of a PES packet; ValueError where it holds anything else."""
    found, at = [], 0
    while at < len(data):
        head = data[at:at + 7]
        if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            raise ValueError(f"no ADTS header at byte {at} of {len(data)}")
        size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        index, configuration = head[2] >> 2 & 15, (head[2] & 1) << 2 | head[3] >> 6
        if size < 7 or at + size > len(data):
            raise ValueError(f"frame of {size} bytes at byte {at} of {len(data)}")
        if index >= len(ADTS_RATES):
            raise ValueError(f"sampling frequency index {index}")
        found.append(Frame(size, ADTS_RATES[index], ADTS_CHANNELS[configuration], AAC_FRAME * ((head[6] & 3) + 1),
                           head[2] >> 6 == 1))
        at += size
    if not found:
        raise ValueError("empty")
    return found


def ac3_frames(data: bytes) -> list[Frame]:
    """The AC-3 frames of a PES packet (A/52 5.3); ValueError where it holds anything else."""
    found, at = [], 0
    while at < len(data):
        head = data[at:at + 8]
        if len(head) < 8 or head[:2] != b"\x0b\x77":
            raise ValueError(f"no sync word at byte {at} of {len(data)}")
        code, size_code = head[4] >> 6, head[4] & 0x3F
        if code == 3 or size_code >> 1 >= len(AC3_KBPS):
            raise ValueError(f"fscod {code}, frmsizecod {size_code}")
        kbps, rate = AC3_KBPS[size_code >> 1], (48000, 44100, 32000)[code]
        # Words of 16 bit; at 44.1 kHz every second frame is padded with one.
        words = kbps * 96000 // rate if code != 1 else kbps * 320 // 147 + (size_code & 1)
        if head[5] >> 3 > 8:
            raise ValueError(f"bit stream identification {head[5] >> 3}")
        mode, bits = head[6] >> 5, int.from_bytes(head[6:8], "big")
        shift = 13 - 2 * ((mode & 1 and mode != 1) + bool(mode & 4) + (mode == 2))
        channels = AC3_CHANNELS[mode] + (bits >> shift - 1 & 1)
        if at + 2 * words > len(data):
            raise ValueError(f"frame of {2 * words} bytes at byte {at} of {len(data)}")
        found.append(Frame(2 * words, rate, channels, AC3_FRAME))
        at += 2 * words
    if not found:
        raise ValueError("empty")
    return found


PARSERS = {"AAC": adts_frames, "AC3": ac3_frames}


def pes_of(path: str, pids: range | set[int]) -> Iterator[mpegts.Pes]:
    """The PES packets of some PIDs, read piece by piece: a recording of an hour does not fit in memory as objects."""
    ready: list[mpegts.Pes] = []
    assembler = mpegts.PesAssembler(ready.append)
    index = 0
    with open(path, "rb") as file:
        while piece := file.read(mpegts.PACKET * 4096):
            for at in range(0, len(piece) - mpegts.PACKET + 1, mpegts.PACKET):
                if (piece[at + 1] & 0x1F) << 8 | piece[at + 2] in pids:
                    assembler.feed(mpegts.parse_packet(index, piece[at:at + mpegts.PACKET]))
                index += 1
            yield from ready
            ready.clear()


@dataclasses.dataclass
class Track:
    """Sound on the stream's time.

    `units` has (first sample, PTS in 90 kHz, unwrapped) of each unit that came whole, in order; `packets` the TS packet that
    its last byte came in. `channels` are the samples of each channel, 16 bit, in the order FL FR FC LFE RL RR.
    """
    codec: str
    rate: int
    units: list[tuple[int, int]]
    channels: list[array.array]
    packets: list[int] = dataclasses.field(default_factory=list)

    @property
    def length(self) -> int:
        return len(self.channels[0]) if self.channels else 0

    def pts(self, sample: float) -> float:
        """PTS of a sample, in seconds: that of the unit it is in, and so many samples on."""
        low, high = 0, len(self.units) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if self.units[middle][0] <= sample:
                low = middle
            else:
                high = middle - 1
        start, pts = self.units[low]
        return pts / 90000 + (sample - start) / self.rate

    def steps(self) -> list[tuple[int, float]]:
        """Where the PTS does not go on by the samples of a unit: (sample, samples that are missing, negative: too many)."""
        found, slack = [], 1 + self.rate / 90000
        for (a, pts), (b, following) in zip(self.units, self.units[1:]):
            missing = (following - pts) * self.rate / 90000 - (b - a)
            if abs(missing) > slack:
                found.append((b, missing))
        return found


class Unusable(ValueError):
    """The recording holds nothing to judge, or it cannot be decoded."""


def deinterleave(samples: array.array, channels: int) -> list[array.array]:
    return [samples[channel::channels] for channel in range(channels)]


def _lpcm(units: list[mpegts.Pes]) -> tuple[int, list[int], array.array]:
    head = units[0].data[:LPCM_HEADER]
    rate = {1: 44100, 2: 48000}.get(head[3] >> 3 & 7)
    if rate is None or head[3] >> 6 or head[3] & 7 != 1:
        raise Unusable(f"LPCM header {head.hex()} is no 16-bit stereo")
    samples = array.array("h")
    lengths = []
    for unit in units:
        samples.frombytes(unit.data[LPCM_HEADER:])
        lengths.append((len(unit.data) - LPCM_HEADER) // 4)
    if sys.byteorder == "little":
        samples.byteswap()
    return rate, lengths, samples


def _decoded(codec: str, units: list[mpegts.Pes]) -> tuple[int, int, list[int], array.array]:
    lengths, first = [], None
    for unit in units:
        try:
            frames = PARSERS[codec](unit.data)
        except ValueError as error:
            raise Unusable(f"{codec}: {error}") from None
        first = first or frames[0]
        if any((frame.rate, frame.channels) != (first.rate, first.channels) for frame in frames):
            raise Unusable(f"{codec}: the format changes within the stream")
        lengths.append(sum(frame.samples for frame in frames))
    # No concealment, no clock: each frame gives its samples, or the count tells that it did not.
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", codec.lower(), "-i", "pipe:0", "-f", "s16le" if sys.byteorder == "little"
         else "s16be", "pipe:1"], input=b"".join(unit.data for unit in units), capture_output=True, check=False)
    errors = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode or errors:
        raise Unusable(f"{codec}: the decoder says: {errors[-300:]}")
    samples = array.array("h")
    samples.frombytes(done.stdout)
    if len(samples) != sum(lengths) * first.channels:
        raise Unusable(f"{codec}: {sum(lengths)} samples in the frames, {len(samples) / first.channels:g} out of the decoder")
    return first.rate, first.channels, lengths, samples


def read_track(path: str) -> Track:
    """The sound of a recording; Unusable if there is none, or it does not decode."""
    units = [unit for unit in pes_of(path, AUDIO_PIDS) if unit.pts is not None and not unit.error]
    if not units:
        raise Unusable("there is no sound in the recording")
    # Only what came first and came whole; the last one may have been cut off.
    units = [unit for unit in units if unit.pid == units[0].pid and unit.length == len(unit.data) + 3 + unit.header_length]
    data = units[0].data
    if units[0].stream_id == 0xBD and data[:1] == b"\xa0":
        codec, channels = "LPCM", 2
        rate, lengths, samples = _lpcm(units)
    else:
        codec = "AC3" if data[:2] == b"\x0b\x77" else "AAC"
        rate, channels, lengths, samples = _decoded(codec, units)
    unwrap, starts, at = mpegts.Unwrapper(), [], 0
    for unit, length in zip(units, lengths):
        starts.append((at, unwrap(unit.pts)))
        at += length
    return Track(codec, rate, starts, deinterleave(samples, channels), [unit.last for unit in units])
