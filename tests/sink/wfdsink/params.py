# SPDX-License-Identifier: LGPL-2.1-or-later
"""wfd_* parameters: grammar (WFD 6.1), mode tables (Tables 34-36, 71-73), and the checks of M4."""
from __future__ import annotations

import dataclasses
import re
from typing import Callable, NamedTuple


class Mode(NamedTuple):
    width: int
    height: int
    rate: int
    interlaced: bool = False

    def __str__(self) -> str:
        return f"{self.width}x{self.height}{'i' if self.interlaced else 'p'}{self.rate}"


def _modes(text: str) -> list[Mode]:
    found = []
    for word in text.split():
        width, height, scan, rate = re.fullmatch(r"(\d+)x(\d+)([ip])(\d+)", word).groups()
        found.append(Mode(int(width), int(height), int(rate), scan == "i"))
    return found


def _pairs(text: str) -> list[Mode]:
    """Sizes that exist at 30 Hz (even bit) and 60 Hz (odd bit)."""
    return [mode for word in text.split() for mode in _modes(f"{word}p30 {word}p60")]


CEA = _modes("""640x480p60 720x480p60 720x480i60 720x576p50 720x576i50 1280x720p30 1280x720p60 1920x1080p30
    1920x1080p60 1920x1080i60 1280x720p25 1280x720p50 1920x1080p25 1920x1080p50 1920x1080i50 1280x720p24
    1920x1080p24 3840x2160p24 3840x2160p25 3840x2160p30 3840x2160p50 3840x2160p60 4096x2160p24 4096x2160p25
    4096x2160p30 4096x2160p50 4096x2160p60""")
VESA = (_pairs("""800x600 1024x768 1152x864 1280x768 1280x800 1360x768 1366x768 1280x1024 1400x1050 1440x900
    1600x900 1600x1200 1680x1024 1680x1050""")
    + _modes("1920x1200p30 1920x1200p60") + _pairs("2560x1440 2560x1600"))
HH = _pairs("800x480 854x480 864x480 640x360 960x540 848x480")
TABLES = {"cea": CEA, "vesa": VESA, "hh": HH}
R1_BITS = {"cea": 17, "vesa": 29, "hh": 12}

PROFILES = {0x01: "CBP", 0x02: "CHP"}
LEVELS = {0x01: 31, 0x02: 32, 0x04: 40, 0x08: 41, 0x10: 42}
LEVELS_R2_H264 = {0x01: 31, 0x02: 32, 0x04: 40, 0x08: 41, 0x10: 42, 0x20: 50, 0x40: 51, 0x80: 52}
MIN_LEVEL = {Mode(640, 480, 60): 31, Mode(1280, 720, 60): 32, Mode(1920, 1080, 30): 40, Mode(1920, 1080, 60): 42,
             Mode(1920, 1200, 30): 42}

DEFAULT_VIDEO = ("40 00 01 10 0001DFFF 1FFFFFFF 00000FFF 00 0000 0000 11 none none, "
                 "02 10 0001DFFF 1FFFFFFF 00000FFF 00 0000 0000 11 none none")
DEFAULT_VIDEO2 = "20 01 03 0010 00000001DFFF 00001FFFFFFF 000000000FFF 00 0000 0000 11 00"
DEFAULT_AUDIO = "LPCM 00000003 00, AAC 00000001 00"

# wfd_audio_codecs (Table 37): what each bit of a codec's modes means, as (Hz, channels).
AUDIO_MODES = {"LPCM": [(44100, 2), (48000, 2)], "AAC": [(48000, 2), (48000, 4), (48000, 6), (48000, 8)],
               "AC3": [(48000, 2), (48000, 4), (48000, 6)]}

_CODEC = re.compile(r"([0-9A-Fa-f]{2}) ([0-9A-Fa-f]{2}) ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{8}) "
                    r"([0-9A-Fa-f]{2}) ([0-9A-Fa-f]{4}) ([0-9A-Fa-f]{4}) ([0-9A-Fa-f]{2}) "
                    r"([0-9A-Fa-f]{4}|none) ([0-9A-Fa-f]{4}|none)")
_CODEC2 = re.compile(r"([0-9A-Fa-f]{2}) ([0-9A-Fa-f]{2}) ([0-9A-Fa-f]{4}) ([0-9A-Fa-f]{12}) ([0-9A-Fa-f]{12}) "
                     r"([0-9A-Fa-f]{12}) ([0-9A-Fa-f]{2}) ([0-9A-Fa-f]{4}) ([0-9A-Fa-f]{4}) ([0-9A-Fa-f]{2})")
_AUDIO = re.compile(r"(LPCM|AAC|AC3) ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{2})")
_AUDIO2 = re.compile(r"(LPCM|AAC|AC3|CTA|AAC-ELDv2) ([0-9A-Fa-f]{8}) ([0-9A-Fa-f]{2})")


class Bad(ValueError):
    """A value that breaks a rule; .rule is its name in the catalogue."""

    def __init__(self, rule: str, detail: str):
        super().__init__(detail)
        self.rule = rule


@dataclasses.dataclass
class VideoCodec:
    profile: int
    level: int
    cea: int
    vesa: int
    hh: int
    latency: int
    min_slice: int
    slice_enc: int
    frame_rate_control: int
    max_hres: str = "none"
    max_vres: str = "none"
    codec: int = 1                      # wfd2 only: b0 H.264, b1 H.265

    def mask(self, table: str) -> int:
        return getattr(self, table)

    def modes(self) -> list[Mode]:
        return [mode for name, table in TABLES.items() for bit, mode in enumerate(table) if self.mask(name) >> bit & 1]


@dataclasses.dataclass
class VideoFormats:
    native: int
    preferred: int
    codecs: list[VideoCodec]
    generation: int = 1


def parse_video(value: str, generation: int = 1, rule: str = "m4-video-syntax") -> VideoFormats | None:
    """The value of wfd_video_formats (generation 1) or wfd2_video_formats (2); None for 'none'."""
    if value == "none":
        return None
    if generation == 1:
        head = re.match(r"([0-9A-Fa-f]{2}) ([0-9A-Fa-f]{2}) ", value)
        if not head:
            raise Bad(rule, value)
        codecs = []
        for text in value[head.end():].split(", "):
            match = _CODEC.fullmatch(text)
            if not match:
                raise Bad(rule, text)
            codecs.append(VideoCodec(*(int(g, 16) for g in match.groups()[:9]), *match.groups()[9:]))
        return VideoFormats(int(head[1], 16), int(head[2], 16), codecs)
    head = re.match(r"([0-9A-Fa-f]{2}) ", value)
    # After the last codec: non-transcoding, and from release 2.1 on portrait.
    tail = re.search(r"(?<=[0-9A-Fa-f]{4} [0-9A-Fa-f]{4} [0-9A-Fa-f]{2}) 0[01]( 0[01])?$", value)
    if not head or not tail:
        raise Bad(rule, value)
    codecs = []
    for text in value[head.end():tail.start()].split(", "):
        match = _CODEC2.fullmatch(text)
        if not match:
            raise Bad(rule, text)
        numbers = [int(g, 16) for g in match.groups()]
        codecs.append(VideoCodec(*numbers[1:], codec=numbers[0]))
    return VideoFormats(int(head[1], 16), 0, codecs, generation=2)


def parse_audio(value: str, generation: int = 1, rule: str = "m4-audio-syntax") -> list[tuple[str, int, int]]:
    """[(codec, mode mask, latency)]; empty for 'none'."""
    if value == "none":
        return []
    found = []
    for text in value.split(", "):
        match = (_AUDIO if generation == 1 else _AUDIO2).fullmatch(text)
        if not match:
            raise Bad(rule, text)
        found.append((match[1], int(match[2], 16), int(match[3], 16)))
    return found


def _one_bit(value: int) -> bool:
    return value.bit_count() == 1


def check_m4_video(value: str, offered: str, generation: int, complain: Callable[[str, str], None]) -> dict | None:
    """Checks the one format of M4 against what the sink offered. Returns what was agreed, None if unusable."""
    formats = parse_video(value, generation)
    if formats is None:
        raise Bad("m4-video-not-offered", "none")
    offer = parse_video(offered, generation)
    if formats.native:
        complain("m4-video-native", f"{formats.native:02x}")
    if formats.preferred:
        complain("m4-video-preferred", f"{formats.preferred:02x}")
    if len(formats.codecs) != 1:
        raise Bad("m4-video-several", f"{len(formats.codecs)} codecs")
    chosen = formats.codecs[0]
    bits = [(name, mask) for name in TABLES if (mask := chosen.mask(name))]
    if not (_one_bit(chosen.profile) and _one_bit(chosen.level) and len(bits) == 1 and _one_bit(bits[0][1])):
        raise Bad("m4-video-several", value)
    table, mask = bits[0]
    bit = mask.bit_length() - 1
    if bit >= len(TABLES[table]):
        raise Bad("m4-video-not-offered", f"{table} bit {bit} is not assigned")
    mode = TABLES[table][bit]
    fits = [c for c in (offer.codecs if offer else [])
            if c.profile & chosen.profile and c.mask(table) & mask and c.codec & chosen.codec
            and chosen.level <= max(c.level, 1)]
    if not fits:
        raise Bad("m4-video-not-offered", value)
    best = fits[0]
    if (chosen.max_hres, chosen.max_vres) != ("none", "none"):
        complain("m4-video-max-res", value)
    if best.min_slice == 0 and (chosen.min_slice or chosen.slice_enc):
        complain("m4-video-slice", f"min-slice {chosen.min_slice:04x} slice-enc {chosen.slice_enc:04x}")
    if (chosen.slice_enc & 0x3FF) > (best.slice_enc & 0x3FF):
        complain("m4-video-slice", f"slice-enc {chosen.slice_enc:04x} above {best.slice_enc:04x}")
    levels = LEVELS if generation == 1 else LEVELS_R2_H264
    level = levels.get(chosen.level)
    if level is None:
        raise Bad("m4-video-not-offered", f"level {chosen.level:02x} is not assigned")
    if chosen.codec == 1 and MIN_LEVEL.get(mode, 0) > level:
        complain("m4-video-level-low", f"{mode} at level {level}")
    return {"width": mode.width, "height": mode.height, "rate": mode.rate, "interlaced": mode.interlaced,
            "mode": str(mode), "codec": "H.264" if chosen.codec == 1 else "H.265",
            "profile": PROFILES.get(chosen.profile, f"{chosen.profile:02x}"), "level": level,
            "slices": (chosen.slice_enc & 0x3FF) + 1}


def check_m4_audio(value: str, offered: str, generation: int) -> dict | None:
    """The one audio format of M4, or None for 'none'."""
    chosen = parse_audio(value, generation)
    if not chosen:
        return None
    if len(chosen) != 1 or not _one_bit(chosen[0][1]):
        raise Bad("m4-audio-several", value)
    codec, mask, _ = chosen[0]
    if not any(c == codec and m & mask for c, m, _ in parse_audio(offered, generation)):
        raise Bad("m4-audio-not-offered", value)
    bit = mask.bit_length() - 1
    layouts = AUDIO_MODES.get(codec, AUDIO_MODES["AAC"])
    if codec == "LPCM" and generation == 2:
        layouts = layouts + [(48000, 1), (48000, 6), (48000, 8), (48000, 2), (96000, 2), (96000, 2), (96000, 6), (96000, 8)]
    if bit >= len(layouts):
        raise Bad("m4-audio-not-offered", value)
    rate, channels = layouts[bit]
    return {"codec": codec, "rate": rate, "channels": channels}


def sound_names() -> dict[str, tuple[str, int]]:
    """Each audio mode by a name of its own, such as "aac-6" and "lpcm-44100"."""
    return {f"{codec.lower()}-{rate if codec == 'LPCM' else channels}": (codec, 1 << bit)
            for codec, layouts in AUDIO_MODES.items() for bit, (rate, channels) in enumerate(layouts)}


def audio_codecs(text: str) -> str:
    """The value of wfd_audio_codecs for names of sound_names() with commas between them; "none" for a silent sink."""
    if text == "none":
        return text
    masks: dict[str, int] = {}
    for name in text.split(","):
        if name not in sound_names():
            raise ValueError(f"there is no sound {name!r}; there are none, {', '.join(sound_names())}")
        codec, bit = sound_names()[name]
        masks[codec] = masks.get(codec, 0) | bit
    return ", ".join(f"{codec} {mask:08X} 00" for codec, mask in masks.items())


_URL = re.compile(r"rtsp://([0-9.]+)(?::(\d{1,5}))?/wfd1\.0/streamid=0")


def check_m4_url(value: str, source_address: str) -> str:
    """url0 of wfd_presentation_URL; the sink uses it in M6 and later."""
    words = value.split(" ")
    match = _URL.fullmatch(words[0]) if len(words) == 2 and words[1] == "none" else None
    if not match or match[1] != source_address:
        raise Bad("m4-url", value)
    return words[0]


def check_change_timing(value: str) -> tuple[int, int]:
    """wfd_av_format_change_timing: PTS and DTS in 90 kHz units."""
    match = re.fullmatch(r"([0-9A-Fa-f]{10}) ([0-9A-Fa-f]{10})", value)
    if not match:
        raise Bad("m4-change-timing", value)
    pts, dts = int(match[1], 16), int(match[2], 16)
    if pts & 0x7F or dts & 0x7F:
        raise Bad("m4-change-timing", f"{value}: the 33 bits must be the most significant ones")
    return pts >> 7, dts >> 7


def edid_value(edid: bytes) -> str:
    if not edid:
        return "none"
    if len(edid) % 128:
        raise ValueError("an EDID is a whole number of 128-byte blocks")
    return f"{len(edid) // 128:04X} {edid.hex().upper()}"
