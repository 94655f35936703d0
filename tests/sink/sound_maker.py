#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the signal that wfdsink/tones.py measures: as samples, as a WAV file to play, and as a recording for the self test.

    sound_maker.py --seconds S [--rate HZ] [--channels 2|6] [--alsa] FILE.wav

Six channels are in the order of WAVE (FL FR FC LFE RL RR), with --alsa in that of a bare ALSA device (FL FR RL RR FC LFE).
Written apart from the judge's arithmetic: it builds where that one parses.
"""
from __future__ import annotations

import argparse
import array
import functools
import math
import subprocess
import sys
import wave

import ts_maker

TONES = {2: (440, 660), 6: (440, 660, 880, 60, 1100, 1320)}
TONE, CLICK = 8192, 16384
CLICK_HZ, CLICK_S = 4000, 0.010
LFE = 3
ALSA_ORDER = (0, 1, 4, 5, 2, 3)


@functools.lru_cache(maxsize=None)
def _second(hz: int, rate: int, click: bool) -> array.array:
    """A second of a channel; all frequencies are whole numbers, so that seconds follow each other."""
    length = round(CLICK_S * rate) if click else 0
    return array.array("h", (
        round(TONE * math.sin(2 * math.pi * hz * n / rate) +
              (CLICK * math.sin(2 * math.pi * CLICK_HZ * n / rate) if n < length else 0)) for n in range(rate)))


def signal(seconds: float, rate: int = 48000, channels: int = 2, hz_of: tuple[int, ...] = ()) -> list[array.array]:
    """The samples of each channel, with a click at the beginning of each second.

    `hz_of`: other tones than those of so many channels.
    """
    made = []
    for number, hz in enumerate(hz_of or TONES[channels]):
        whole = _second(hz, rate, number != LFE) * math.ceil(seconds)
        made.append(whole[:round(seconds * rate)])
    return made


def interleave(channels: list[array.array]) -> array.array:
    mixed = array.array("h", bytes(2 * len(channels) * len(channels[0])))
    for number, samples in enumerate(channels):
        mixed[number::len(channels)] = samples
    return mixed


def little(samples: array.array, big: bool = False) -> bytes:
    """16-bit samples as bytes, little-endian unless told otherwise."""
    if (sys.byteorder == "big") != big:
        samples = array.array("h", samples)
        samples.byteswap()
    return samples.tobytes()


def write_wav(path: str, channels: list[array.array], rate: int) -> None:
    with wave.open(path, "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(little(interleave(channels)))


# -- recordings ------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def flashing(frames: int, rate: int) -> list[bytes]:
    """Access units of grey pictures, of which the first of each second is white."""
    return ts_maker.encoded_units(320, 240, frames, rate,
                                  f"color=gray:size=320x240:rate={rate},geq=lum='if(lt(mod(N\\,{rate})\\,1)\\,235\\,90)':cb=128:cr=128")


def encoded(channels: list[array.array], rate: int, codec: str) -> tuple[list[bytes], int, int]:
    """(units, samples in each, samples by which what a decoder gives is late) of AAC or AC-3."""
    layout = {2: "stereo", 6: "5.1"}[len(channels)]
    options = {"AAC": ["-c:a", "aac", "-b:a", f"{96 * len(channels)}k", "-f", "adts"],
               "AC3": ["-c:a", "ac3", "-b:a", f"{96 * len(channels)}k" if len(channels) == 2 else "448k", "-f", "ac3"]}[codec]
    stream = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "s16le", "-ar", str(rate), "-ac", str(len(channels)),
                             "-i", "pipe:0", "-af", f"aformat=channel_layouts={layout}", *options, "pipe:1"],
                            input=little(interleave(channels)), capture_output=True, check=True).stdout
    units, at = [], 0
    while at < len(stream):
        if codec == "AAC":
            size = (stream[at + 3] & 3) << 11 | stream[at + 4] << 3 | stream[at + 5] >> 5
        else:
            size = {2: 768, 6: 1792}[len(channels)]
        unit = stream[at:at + size]
        # Stream type 0x0F is MPEG-2 AAC, and so has the ID bit to say.
        units.append(unit if codec == "AC3" else unit[:1] + bytes([unit[1] | 8]) + unit[2:])
        at += size
    return units, 1024 if codec == "AAC" else 1536, 1024 if codec == "AAC" else 256


def recording(channels: list[array.array], rate: int = 48000, codec: str = "LPCM", fps: int = 20, skew: float = 0.0,
              stretch: float = 1.0, start: int = 900000, flash: bool = True) -> bytes:
    """A transport stream of the sound, and of pictures that flash with its clicks.

    `skew`: seconds by which the sound is behind; `stretch`: how much faster its PTS go than they should.
    """
    if codec == "LPCM":
        data = little(interleave(channels), big=True)
        units, length, late = [data[at:at + 1920] for at in range(0, len(data) - 1919, 1920)], 480, 0
    else:
        units, length, late = encoded(channels, rate, codec)
    maker = ts_maker.Maker(audio=codec, start=start, lpcm_rate=rate)
    frames = len(channels[0]) * fps // rate
    pictures = flashing(frames, fps) if flash else ts_maker.encoded_units(320, 240, frames, fps)
    packets, sent = [], 0
    for number in range(frames):
        now = start + number * 90000 // fps
        packets += maker.psi(now) + maker.video(pictures[number], now + maker.lead)
        while sent < len(units) and (sent * length - late) * fps < (number + 1) * rate:
            pts = now_of(start + maker.lead, sent * length - late, rate, stretch) + round(skew * 90000)
            packets += maker.sound(units[sent], pts)
            sent += 1
    return b"".join(packets)


def now_of(start: int, samples: int, rate: int, stretch: float) -> int:
    return start + round(samples * stretch * 90000 / rate)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--rate", type=int, default=48000)
    parser.add_argument("--channels", type=int, choices=sorted(TONES), default=2)
    parser.add_argument("--alsa", action="store_true", help="channels in the order of a bare ALSA device")
    args = parser.parse_args()
    made = signal(args.seconds, args.rate, args.channels)
    if args.alsa and args.channels == 6:
        made = [made[n] for n in ALSA_ORDER]
    write_wav(args.file, made, args.rate)
    return 0


if __name__ == "__main__":
    sys.exit(main())
