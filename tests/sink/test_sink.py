#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Self test of the sink: it must accept what is right and name what is wrong."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import compare  # noqa: E402
import ts_maker  # noqa: E402
from fake_source import FakeSource  # noqa: E402
from wfdsink import h264, media, mice, misbehave, mpegts, params, rtp, rtsp, runner, tscheck  # noqa: E402
from wfdsink.rules import RULES, Findings  # noqa: E402
from wfdsink.session import Options  # noqa: E402


class Directory(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="wfd-sink-")
        self.addCleanup(self._directory.cleanup)
        self.out = self._directory.name

    def path(self, name: str) -> str:
        return os.path.join(self.out, name)


class RtspReader(unittest.TestCase):
    def read(self, *chunks: bytes) -> tuple[list[rtsp.Message], list[str]]:
        complaints: list[str] = []
        reader = rtsp.Reader(lambda rule, _detail: complaints.append(rule))
        return [m for chunk in chunks for m in reader.feed(chunk)], complaints

    def test_whole_message(self) -> None:
        messages, complaints = self.read(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nRequire: org.wfa.wfd1.0\r\n\r\n")
        self.assertEqual([(m.method, m.cseq) for m in messages], [("OPTIONS", 1)])
        self.assertEqual(complaints, [])

    def test_byte_by_byte_with_body(self) -> None:
        data = rtsp.request("SET_PARAMETER", "x", 3, body=rtsp.parameters(["wfd_idr_request"])).encode()
        messages, complaints = self.read(*(bytes([byte]) for byte in data * 2))
        self.assertEqual([m.body for m in messages], [b"wfd_idr_request\r\n"] * 2)
        self.assertEqual(complaints, [])

    def test_findings(self) -> None:
        body = b"Content-Type: text/parameters\r\nContent-Length: "
        cases = {
            "rtsp-bare-lf": b"OPTIONS * RTSP/1.0\nCSeq: 1\n\n",
            "rtsp-start-line": b"HELLO\r\n\r\n",
            "rtsp-cseq-missing": b"OPTIONS * RTSP/1.0\r\n\r\n",
            "rtsp-cseq-syntax": b"OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n",
            "rtsp-header-syntax": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nno colon\r\n\r\n",
            "rtsp-header-duplicate": b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\ncseq: 1\r\n\r\n",
            "rtsp-content-length": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n" + body + b"3\r\n\r\na\r\nbc\r\n\r\n",
            "rtsp-body-crlf": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n" + body + b"3\r\n\r\nabc",
            "rtsp-content-type": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\na\r\n",
            "rtsp-content-length-missing": b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Type: text/parameters\r\n\r\n",
            "rtsp-too-big": b"A" * (rtsp.MAX_HEAD + 1),
        }
        for rule, data in cases.items():
            with self.subTest(rule):
                self.assertIn(rule, self.read(data)[1])


class Parameters(unittest.TestCase):
    GOOD = "00 00 01 10 00000100 00000000 00000000 00 0000 0000 00 none none"

    def m4(self, value: str, offered: str = params.DEFAULT_VIDEO) -> tuple[dict | None, list[str]]:
        found: list[str] = []
        try:
            agreed = params.check_m4_video(value, offered, 1, lambda rule, _detail: found.append(rule))
        except params.Bad as bad:
            return None, found + [bad.rule]
        return agreed, found

    def test_good(self) -> None:
        agreed, found = self.m4(self.GOOD)
        self.assertEqual((agreed["mode"], agreed["profile"], agreed["level"], found), ("1920x1080p60", "CBP", 42, []))

    def test_table_positions(self) -> None:
        # Spot checks against Tables 34 to 36: the last bit of each release 1 table and the release 2 ends.
        for table, bit, mode in (("cea", 0, "640x480p60"), ("cea", 16, "1920x1080p24"), ("cea", 26, "4096x2160p60"),
                                 ("vesa", 13, "1366x768p60"), ("vesa", 28, "1920x1200p30"), ("vesa", 33, "2560x1600p60"),
                                 ("hh", 11, "848x480p60")):
            self.assertEqual(str(params.TABLES[table][bit]), mode)

    def test_bad(self) -> None:
        cases = {
            "m4-video-native": self.GOOD.replace("00 00 01", "40 00 01", 1),
            "m4-video-several": self.GOOD.replace("00000100", "00000101"),
            "m4-video-syntax": self.GOOD.replace("00000100", "100"),
            "m4-video-max-res": self.GOOD.replace("none none", "0780 0438"),
            "m4-video-slice": self.GOOD.replace("0000 0000 00", "0010 0001 00"),
            "m4-video-level-low": self.GOOD.replace("01 10", "01 01"),
            "m4-video-not-offered": self.GOOD.replace("00000100", "00020000"),
        }
        for rule, value in cases.items():
            with self.subTest(rule):
                self.assertIn(rule, self.m4(value)[1])

    def test_audio(self) -> None:
        self.assertEqual(params.check_m4_audio("LPCM 00000002 00", params.DEFAULT_AUDIO, 1),
                         {"codec": "LPCM", "rate": 48000, "channels": 2})
        for rule, value in (("m4-audio-not-offered", "AC3 00000001 00"), ("m4-audio-several", "LPCM 00000003 00"),
                            ("m4-audio-syntax", "LPCM 2")):
            with self.assertRaises(params.Bad) as caught:
                params.check_m4_audio(value, params.DEFAULT_AUDIO, 1)
            self.assertEqual(caught.exception.rule, rule)

    def test_sounds_by_name(self) -> None:
        self.assertEqual(params.audio_codecs("none"), "none")
        self.assertEqual(params.audio_codecs("lpcm-48000,aac-2,aac-6,ac3-6,lpcm-44100"),
                         "LPCM 00000003 00, AAC 00000005 00, AC3 00000004 00")
        for name, (codec, bit) in params.sound_names().items():
            value = params.audio_codecs(name)
            agreed = params.check_m4_audio(value, value, 1)
            self.assertEqual((value, agreed["codec"]), (f"{codec} {bit:08X} 00", codec))
            self.assertIn(name, (f"{codec.lower()}-{agreed['rate']}", f"{codec.lower()}-{agreed['channels']}"))
        self.assertRaisesRegex(ValueError, "no sound 'mp3'.* none, lpcm-44100", params.audio_codecs, "mp3")

    def test_url_and_timing(self) -> None:
        self.assertEqual(params.check_m4_url("rtsp://10.0.0.1:7236/wfd1.0/streamid=0 none", "10.0.0.1"),
                         "rtsp://10.0.0.1:7236/wfd1.0/streamid=0")
        for value in ("rtsp://10.0.0.1/wfd1.0/streamid=0", "rtsp://10.0.0.2/wfd1.0/streamid=0 none", "none none"):
            self.assertRaises(params.Bad, params.check_m4_url, value, "10.0.0.1")
        self.assertEqual(params.check_change_timing("0000008000 0000008080"), (0x100, 0x101))
        self.assertRaises(params.Bad, params.check_change_timing, "0000000001 0000000080")


class TransportStream(Directory):
    def check(self, data: bytes, **more) -> Findings:
        findings = Findings()
        with open(self.path("x.ts"), "wb") as file:
            file.write(data)
        tscheck.check(self.path("x.ts"), findings, **more)
        return findings

    def assert_only(self, expected: str, findings: Findings) -> None:
        self.assertEqual(findings.violations(), [expected], findings.as_json())

    def test_crc_known_answer(self) -> None:
        self.assertEqual(ts_maker.crc(b"123456789"), 0x0376E6E7)
        self.assertEqual(mpegts.crc32(b"123456789"), 0x0376E6E7)

    def test_good_streams(self) -> None:
        for maker in (ts_maker.Maker(), ts_maker.Maker(audio=True), ts_maker.Maker(start=(1 << 33) - 30000)):
            findings = self.check(maker.stream())
            self.assertEqual(findings.as_json(), [])

    def test_tables(self) -> None:
        maker = ts_maker.Maker
        cases = {
            "pmt-pid": maker(pmt_pid=0x20).stream(), "pcr-pid": maker(pcr_pid=0x1001).stream(),
            "pat-crc": maker(break_crc="pat").stream(), "pmt-crc": maker(break_crc="pmt").stream(),
            "desc-hrd-missing": maker(video_descriptors=b"\x28\x04" + ts_maker.SPS[1:4] + b"\x3f").stream(),
            "desc-avc-missing": maker(video_descriptors=b"\x2a\x02" + ts_maker.HRD).stream(),
            "desc-avc": maker(video_descriptors=b"\x28\x04\x64\x0c\x2a\x3f\x2a\x02" + ts_maker.HRD).stream(),
            "desc-hrd": maker(video_descriptors=maker().video_descriptors[:6] + b"\x2a\x02\x7f\x1f").stream(),
            "desc-recommended": maker(video_descriptors=maker().video_descriptors + b"\x02\x01\x00").stream(),
            "desc-lpcm-missing": maker(audio=True, lpcm_descriptor=b"").stream(),
            "desc-lpcm": maker(audio=True, lpcm_descriptor=b"\x83\x02\xff\xff").stream(),
            "lpcm-layout": maker(audio=True, lpcm_length=0).stream(),
            "pts-late": maker(lead=-900).stream(), "pts-lead": maker(lead=120000).stream(),
            "pcr-interval": maker(psi_every=3).stream(), "pat-interval": maker(psi_every=3).stream(),
            "pts-order": maker().stream(step=0), "pcr-order": maker().stream(step=0),
        }
        for rule, data in cases.items():
            with self.subTest(rule):
                self.assertIn(rule, self.check(data).violations())

    def test_packets(self) -> None:
        good = ts_maker.Maker().stream()
        lost = good[:188 * 7] + good[188 * 8:]
        self.assertIn("ts-continuity", self.check(lost).violations())
        self.assertIn("ts-sync", self.check(b"\x48" + good[1:]).violations())
        self.assertIn("ts-error-indicator", self.check(good[:1] + bytes([good[1] | 0x80]) + good[2:]).violations())
        alien = bytes([0x47, 0x40 | 0x03, 0x33, 0x10]) + bytes(184)
        self.assertIn("ts-pid", self.check(good + alien).violations())
        self.assertEqual(self.check(b"").violations(), ["pat-missing", "pmt-missing", "pcr-missing"])

    def clocked(self, clock=int, marked: tuple[int, ...] = (), late=lambda n: 0.0) -> list[str]:
        """The rules that 8 s of a stream break whose PCR is that of `clock`, and whose frames are late by `late`."""
        maker = ts_maker.Maker(clock=clock, marked=marked)
        units, data, sent = [ts_maker.access_unit(n % 50 == 0) for n in range(100)], b"", []
        for n, unit in enumerate(units):
            now = maker.start + n * 7200
            for payload in ts_maker.datagrams(maker.frame(n, unit, now)):
                sent.append(rtp.Datagram(n * 0.08 + late(n), len(sent), now, 1, False, 33, 0, len(payload), len(payload), ""))
                data += payload
        return self.check(data, datagrams=sent).violations()

    def test_clock(self) -> None:
        half = ts_maker.Maker().start + 50 * 7200
        self.assertEqual(self.clocked(), [])
        self.assertEqual(self.clocked(lambda now: now + now // 100000), [])
        self.assertEqual(self.clocked(late=lambda n: 0.3 if n % 10 == 5 else 0.0), [])
        for clock in (lambda now: now + now // 10000, lambda now: now - (now >= half) * 40):
            self.assertEqual(self.clocked(clock), ["pcr-frequency"])
        # What became of one late picture: the clock waits for 45 ms, and is fast for minutes.
        late = lambda now: now - (now >= half) * max(0, 4050 - (now - half) // 2000)
        self.assertEqual(self.clocked(late), ["pcr-frequency", "pcr-step"])
        self.assertEqual(self.clocked(lambda now: now - (now >= half) * 4050, (half,)), [])
        # A source whose time stamps wait with it.
        self.assertEqual(self.clocked(late=lambda n: 0.1 if n >= 50 else 0.0), ["pcr-step"])

    def test_after_pause(self) -> None:
        """A stream that goes on after two seconds, with an IDR of now, with none, and with the time of before."""
        for idr, stale, expected in ((True, 0, []), (False, 0, ["au-first-idr"]), (True, 2, ["rtp-clock"])):
            maker, data, sent = ts_maker.Maker(), b"", []
            for n in range(40):
                at = n * 0.08 + 2 * (n >= 20)
                now = maker.start + round((at - stale * (n >= 20)) * 90000)
                for payload in ts_maker.datagrams(maker.frame(n, ts_maker.access_unit(n == 0 or idr and n == 20), now)):
                    sent.append(rtp.Datagram(at, len(sent), now, 1, False, 33, 0, len(payload), len(payload), ""))
                    data += payload
            found = self.check(data, datagrams=sent, quiet=[[1.55, 3.55, "paused"]]).violations()
            # A clock that stood still for two seconds breaks other rules as well.
            self.assertEqual([rule for rule in found if not rule.startswith("pcr-")], expected)

    def test_through_standby(self) -> None:
        """A stream that goes on while the sink is in standby begins when it is played, not with each picture."""
        standby, end = [0.9, 1.59, "standby"], [1.59, None, "torn down"]
        for at, quiet, expected in ((20, [standby], []), (None, [standby], ["au-first-idr"]), (None, [standby, end], [])):
            maker, data, sent = ts_maker.Maker(), b"", []
            for n in range(40):
                now = maker.start + n * 7200
                unit = ts_maker.access_unit(n in (0, at))
                for payload in ts_maker.datagrams(maker.frame(n, unit, now)):
                    sent.append(rtp.Datagram(n * 0.08, len(sent), now, 1, False, 33, 0, len(payload), len(payload), ""))
                    data += payload
            found = self.check(data, datagrams=sent, quiet=quiet)
            self.assertEqual(found.violations(), expected)
            self.assertEqual([finding["count"] for finding in found.as_json() if finding["name"] in expected],
                             [1] * len(expected))

    def test_key_interval(self) -> None:
        for every, expected in ((60, []), (200, ["video-key-interval"])):
            units = [ts_maker.access_unit(n % every == 0) for n in range(100)]
            self.assertEqual(self.check(ts_maker.Maker().stream(100, units=units)).violations(), expected)

    def test_frame_rate(self) -> None:
        fixed = bytes.fromhex("6742c01fda0280f6c044000003000400000300523c60ca80")
        start = ts_maker.START
        idr = b"".join(start + part for part in (ts_maker.AUD, fixed, ts_maker.PPS, ts_maker.IDR_SLICE))
        self.assertEqual(h264.parse_sps(fixed).timing, (1, 20, True))
        self.assertEqual(h264.parse_sps(ts_maker.SPS).timing, (1, 20, False))
        self.assert_only("desc-hrd-rate", self.check(ts_maker.Maker().stream(units=[idr])))
        descriptors = ts_maker.Maker().video_descriptors[:-1] + b"\x9f"
        good = ts_maker.Maker(video_descriptors=descriptors).stream(units=[idr])
        self.assertEqual(self.check(good).violations(), [])
        maker = ts_maker.Maker(video_descriptors=descriptors)
        uneven = b"".join(b"".join(maker.frame(n, idr, maker.start + n * 6000 + n // 3 * 900)) for n in range(9))
        self.assert_only("video-fixed-rate", self.check(uneven))

    def test_access_units(self) -> None:
        idr, follow = ts_maker.access_unit(True), ts_maker.access_unit(False)
        start = ts_maker.START
        cases = {
            "au-first-idr": [follow, follow], "au-several": [idr, follow + follow],
            "au-delimiter": [idr, start + ts_maker.P_SLICE],
            "au-idr-headers": [idr, start + ts_maker.AUD + start + ts_maker.IDR_SLICE],
            "au-slices": [idr, follow + start + bytes.fromhex("41509a02")],
            "video-b-slice": [idr, start + ts_maker.AUD + start + bytes.fromhex("01a0ff80")],
        }
        for rule, units in cases.items():
            with self.subTest(rule):
                self.assert_only(rule, self.check(ts_maker.Maker().stream(4, units=units)))

    def test_negotiated(self) -> None:
        video = {"width": 640, "height": 480, "profile": "CBP", "level": 31, "slices": 1, "codec": "H.264"}
        lpcm = {"codec": "LPCM", "rate": 48000, "channels": 2}
        good = ts_maker.Maker().stream()
        cases = {"video-size": ({**video, "width": 1280}, None), "video-profile": ({**video, "profile": "CHP"}, None),
                 "video-level": ({**video, "level": 30}, None), "audio-missing": (video, lpcm)}
        for rule, (one, audio) in cases.items():
            with self.subTest(rule):
                both = {"video": one, "audio": audio}
                self.assertIn(rule, self.check(good, negotiated=both, formats=[both]).violations())
        self.assertEqual(self.check(good, negotiated={"video": video, "audio": None}).violations(), [])

    def test_another_encoder(self) -> None:
        """Its SPS is not that of the one before; the size is."""
        video = {"width": 640, "height": 480, "profile": "CBP", "level": 40, "slices": 1, "codec": "H.264"}
        one, other = ts_maker.encoded_units(640, 480, 2), ts_maker.encoded_units(640, 480, 2, rate=25)
        self.assertNotEqual(h264.access_unit(one[0]).sps, h264.access_unit(other[0]).sps)
        both = {"video": video, "audio": None}
        checked = self.check(ts_maker.Maker().stream(4, units=one + other), negotiated=both, formats=[both])
        self.assertNotIn("video-size", checked.violations())
        larger = ts_maker.encoded_units(854, 480, 2)
        checked = self.check(ts_maker.Maker().stream(4, units=one + larger), negotiated=both, formats=[both])
        self.assertIn("video-size", checked.violations())

    def test_sps_of_an_encoder(self) -> None:
        unit = h264.access_unit(ts_maker.encoded_units(854, 480, 1)[0])
        sps = h264.parse_sps(unit.sps[0])
        self.assertEqual((sps.wfd_profile(), sps.width, sps.height), ("CBP", 854, 480))
        self.assertTrue(unit.complete_idr())

    def test_command(self) -> None:
        with open(self.path("good.ts"), "wb") as file:
            file.write(ts_maker.Maker().stream())
        done = subprocess.run([sys.executable, os.path.join(HERE, "ts_check.py"), self.path("good.ts")],
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, json.loads(done.stdout)["violations"]), (0, []))


class Compare(Directory):
    """compare.py against real pictures."""

    def setUp(self) -> None:
        super().setUp()
        with open(self.path("sink.ts"), "wb") as file:
            file.write(ts_maker.Maker().stream(10, units=list(ts_maker.encoded_units())))
        frames = media.read_recording(self.path("sink.ts"), []).frames
        for frame in frames:
            frame.t = frame.index / 10
        media.save_frames(self.out, frames)

    def picture(self, source: str, number: int = 0) -> str:
        path = self.path("desktop.png")
        subprocess.run(["ffmpeg", "-nostdin", "-y", "-v", "error", "-f", "lavfi", "-i", source, "-vf",
                        f"select=eq(n\\,{number})", "-frames:v", "1", path], check=True)
        return path

    def test_finds_the_picture(self) -> None:
        result = compare.compare(self.picture("testsrc2=size=640x480:rate=10", 6), self.out)
        self.assertEqual((result["picture"], result["pictures"], result["t"]), (6, 10, 0.6))
        self.assertGreater(result["psnr_y"], 40)
        self.assertGreater(result["worst_tile_psnr"], 40)
        self.assertEqual(compare.size_of(result["sink_png"])[:2], (640, 480))

    def test_time_window(self) -> None:
        result = compare.compare(self.picture("testsrc2=size=640x480:rate=10", 6), self.out, window=(0.0, 0.35))
        self.assertEqual((result["picture"], result["candidates"]), (3, 4))
        with self.assertRaisesRegex(compare.Unusable, "time window"):
            compare.compare(self.path("desktop.png"), self.out, window=(5.0, None))

    def test_refuses(self) -> None:
        for source, reason in (("color=black:size=640x480", "contrast"), ("color=blue:size=640x480", "contrast"),
                               ("testsrc2=size=320x240", "320x240")):
            with self.assertRaisesRegex(compare.Unusable, reason):
                compare.compare(self.picture(source), self.out)

    def test_another_picture_is_not_similar(self) -> None:
        done = subprocess.run([sys.executable, os.path.join(HERE, "compare.py"), self.picture("mandelbrot=size=640x480"),
                               self.out], capture_output=True, check=False)
        self.assertEqual((done.returncode, json.loads(done.stdout)["similar"]), (1, False))


class KeyFrames(unittest.TestCase):
    """A source that answers at once, but not within 0.25 s of the key frame before."""

    def late(self, requests: list[float], idrs: list[float]) -> list[str]:
        return media.late_idrs(requests, idrs, 0.25, 0.1)

    def test_in_time(self) -> None:
        self.assertEqual(self.late([3.0, 3.1, 5.0], [0.02, 3.03, 3.29, 5.02]), [])
        # The first answer took its time, and with it goes the second.
        self.assertEqual(self.late([3.0, 3.1, 5.0], [0.02, 3.0939, 3.3625, 5.0119]), [])
        self.assertEqual(self.late([3.0, 3.05], [3.1]), [], "one answers both")

    def test_late(self) -> None:
        self.assertEqual(len(self.late([3.0], [0.02, 3.12])), 1)
        self.assertEqual(len(self.late([3.1], [3.03, 3.45])), 1)
        self.assertEqual(len(self.late([3.0], [])), 1)
        self.assertEqual(len(self.late([3.0, 4.0], [3.02])), 1)


class RtpLayer(unittest.TestCase):
    def datagrams(self, change: dict, size: int = 1316) -> list[rtp.Datagram]:
        found = []
        for n in range(5):
            data = ts_maker.rtp_packet(**{"seq": n, "timestamp": n * 900, "payload": bytes(size), **change.get(n, {})})
            flags, marker, kind, seq, stamp, ssrc, payload = rtp.parse(data)
            found.append(rtp.Datagram(n * 0.01, seq, stamp, ssrc, marker, kind, flags, len(payload), len(payload), "a:1"))
        return found

    def test_findings(self) -> None:
        cases = {"": {}, "rtp-sequence": {2: {"seq": 9}}, "rtp-timestamp": {2: {"timestamp": 1}},
                 "rtp-ssrc": {2: {"ssrc": 1}}, "rtp-payload-type": {2: {"payload_type": 96}},
                 "rtp-size": {2: {"payload": bytes(1504)}}}
        for rule, change in cases.items():
            with self.subTest(rule):
                findings = Findings()
                rtp.check(self.datagrams(change), findings, "a:1")
                if rule:
                    self.assertIn(rule, findings.violations())
                else:
                    self.assertEqual(findings.as_json(), [])


class Scripts(unittest.TestCase):
    def test_catalogue(self) -> None:
        self.assertGreater(len(misbehave.SCRIPTS), 60)
        for script in misbehave.SCRIPTS.values():
            with self.subTest(script.name):
                for name in script.options:
                    self.assertTrue(hasattr(Options(), name), name)

    def test_bad_data_is_named(self) -> None:
        for step, message in (({"on": "M2", "do": "fly"}, "unknown action"), ({"on": "M2", "do": "delay"}, "missing"),
                              ({"on": "M2", "do": "drop", "x": 1}, "unknown argument")):
            with self.assertRaisesRegex(ValueError, message):
                misbehave.Step.from_data(step)

    def test_every_rule_is_reportable(self) -> None:
        self.assertRaises(KeyError, Findings().add, "no-such-rule")
        for rule in RULES.values():
            self.assertTrue(rule.clause and rule.text)


class Infrastructure(unittest.TestCase):
    """The control channel of Miracast over Infrastructure, with a source of a few lines."""

    # "PC" on port 7236, laid out by hand.
    READY = bytes.fromhex("0023 01 01 00 0004 5000 4300 02 0002 1c44 03 0010 00112233445566778899aabbccddeeff")
    STOP = bytes.fromhex("0017 01 02 03 0010 00112233445566778899aabbccddeeff")

    def channel(self, behaviour: str = "good") -> tuple[mice.ControlChannel, socket.socket]:
        channel = mice.ControlChannel("127.0.0.1", 0, behaviour)
        self.addCleanup(channel.close)
        source = socket.create_connection(channel.address)
        self.addCleanup(source.close)
        return channel, source

    def test_ready_and_stop(self) -> None:
        channel, source = self.channel()
        source.sendall(self.READY)
        self.assertEqual(channel.wait(5), ("127.0.0.1", 7236))
        self.assertFalse(channel.misbehave())
        source.sendall(self.STOP)
        source.close()
        self.assertTrue(channel.over.wait(5))
        facts = channel.facts()
        self.assertEqual([word for _, word in facts["said"]], ["SOURCE_READY", "STOP_PROJECTION"])
        self.assertEqual(facts["source"]["name"], "PC")

    def test_wrong_sources(self) -> None:
        for data in (self.STOP, self.READY[:-1], b"\0\x04\1\1", b"GET / HTTP/1.1\r\n", b""):
            channel, source = self.channel()
            source.sendall(data)
            source.shutdown(socket.SHUT_WR)
            with self.assertRaises((mice.MiceError, OSError), msg=repr(data)):
                channel.wait(5)

    def test_stop_of_another(self) -> None:
        channel, source = self.channel()
        source.sendall(self.READY)
        channel.wait(5)
        source.sendall(self.STOP[:-1] + b"\0")
        self.assertTrue(channel.over.wait(5))
        self.assertIn("another source", channel.facts()["said"][-1][1])

    def test_stop_from_here(self) -> None:
        channel, source = self.channel("stop")
        source.sendall(self.READY)
        channel.wait(5)
        channel.act()
        source.settimeout(5)
        self.assertEqual(source.recv(100), bytes.fromhex("0004 01 02"))


class Sessions(Directory):
    """Whole sessions against the scripted source."""

    def session(self, flaws: dict | None = None, script: str | None = None, analyse: bool = True, **options) -> dict:
        self.source = FakeSource(flaws)
        self.source.start()
        chosen = misbehave.SCRIPTS[script] if script else runner.NO_SCRIPT
        settings = Options(port=self.source.port, **{"duration": 0.6, "retry": 2, **options})
        for name, value in chosen.options.items():
            setattr(settings, name, value)
        report = runner.run(settings, chosen, self.out, analyse_too=analyse)
        self.source.join(15)
        self.assertFalse(self.source.is_alive())
        return report

    def test_good_session(self) -> None:
        report = self.session(duration=1.5, schedule=[(0.7, "M13")])
        self.assertEqual(report["violations"], [], report["findings"])
        self.assertTrue(report["expectation_met"])
        self.assertEqual(report["negotiated"]["video"]["mode"], "640x480p60")
        self.assertEqual(report["media"]["resolutions"], ["640x480"])
        self.assertEqual(report["media"]["frames"], report["media"]["access_units"])
        self.assertIsNotNone(report["first_picture"]["decoded_t"])
        self.assertEqual(self.source.idr_requests, 1)
        self.assertLess(report["media"]["idr_latency"][0], 1.0)
        self.assertAlmostEqual(report["media"]["audio"]["pitch_hz"], 1000, delta=20)
        for name in ("rtsp.log", "sink.ts", "sink.mp4", "first.png", "frames.json", "rtp.csv", "report.json"):
            self.assertGreater(os.path.getsize(self.path(name)), 0, name)

    def test_flaws_of_the_source(self) -> None:
        cases = {
            "m1-require": {"require": ""}, "m2-public": {"public": "org.wfa.wfd1.0, SETUP, PLAY"},
            "m2-public-quoted": {"public": '"org.wfa.wfd1.0, SET_PARAMETER, GET_PARAMETER, SETUP"'},
            "m3-mandatory": {"m3": ("wfd_client_rtp_ports",)}, "m4-url": {"url": "rtsp://127.0.0.1/x none"},
            "m4-unknown-parameter": {"m4_more": "wfd_route: primary\r\n"},
            "m4-change-timing": {"m4_more": "wfd_av_format_change_timing: 0000000000 0000000000\r\n"},
            "rtsp-cseq-order": {"cseq_step": 2}, "rtsp-bare-lf": {"bare_lf": True},
            "m6-session-timeout": {"session": "Session: 12345678;timeout=5\r\n"}, "m6-transport": {"transport": ""},
            "m5-state": {"in_play": ["wfd_trigger_method: SETUP\r\n"]},
            "m5-trigger": {"in_play": ["wfd_trigger_method: JUMP\r\n"]},
            "rtp-payload-type": {"rtp": {"payload_type": 96}}, "rtp-sequence": {"seq_step": 2},
        }
        for rule, flaws in cases.items():
            with self.subTest(rule):
                self.assertIn(rule, self.session(flaws, analyse=False, duration=0.3)["violations"])

    def test_refused_m4(self) -> None:
        for rule, flaws in (("m4-video-not-offered", {"video": Parameters.GOOD.replace("00000100", "80000000")}),
                            ("m4-rtp-ports", {"ports": "RTP/AVP/UDP;unicast 5 6 mode=play"})):
            report = self.session(flaws)
            self.assertIn(rule, report["violations"])
            self.assertFalse(report["played"])
            self.assertFalse(report["expectation_met"])

    def test_m1_timeout(self) -> None:
        report = self.session({"m1_delay": 1.0}, time_scale=0.1)
        self.assertEqual((report["violations"], report["ended_by"]), (["m1-timeout"], "timeout"))

    def test_missing_keepalive(self) -> None:
        report = self.session(time_scale=0.05, duration=5)
        self.assertIn("m16-missing", report["violations"])

    def test_pause(self) -> None:
        schedule = [(0.3, "M9"), (2.2, "M7")]
        self.assertEqual(self.session(schedule=schedule, duration=3)["violations"], [])
        self.assertEqual(self.session({"stale": True}, schedule=schedule, duration=3)["violations"], ["au-first-idr"])
        self.assertIn("rtp-while-paused", self.session({"stream_on": True}, schedule=schedule, duration=3)["violations"])

    def test_no_source(self) -> None:
        report = runner.run(Options(port=1, retry=0.1), runner.NO_SCRIPT, self.out)
        self.assertIn("no source at", report["error"])
        self.assertFalse(report["expectation_met"])

    def test_scripts_that_play(self) -> None:
        for name in ("lower-case", "byte-segments", "pipelined-m1-m2", "pipelined-m5-m6", "pipelined-idr",
                     "lpcm-only", "second-connection"):
            with self.subTest(name):
                report = self.session(script=name, duration=0.8)
                self.assertTrue(report["expectation_met"], report)
                self.assertEqual(report["violations"], [])

    def test_options_that_find_flaws(self) -> None:
        # The scripted source asks M3 as soon as it has answered M2, and knows no pairs.
        for option, value, rule in (("one_read", 0.5, "rtsp-together"), ("port_pair", True, "m6-port-pair")):
            with self.subTest(option):
                report = self.session(analyse=False, **{option: value})
                self.assertIn(rule, report["violations"])
                self.assertFalse(report["expectation_met"])

    def test_scripts_that_end(self) -> None:
        for name in ("close-tcp", "close-m1", "close-m2", "close-m3", "close-m4", "close-m5", "close-m6", "close-m7",
                     "close-in-play", "close-in-play-reset", "half-then-close", "m3-404", "m4-303", "garbage-first",
                     "teardown-before-play"):
            with self.subTest(name):
                self.assertTrue(self.session(script=name, analyse=False)["expectation_met"], name)

    def test_a_hung_source_is_named(self) -> None:
        # The scripted source waits 10 s for an answer; a linger of 30 s x 0.05 is over before.
        report = self.session(script="m3-no-answer", time_scale=0.05)
        self.assertEqual(report["violations"], ["source-hung"])

    def test_command(self) -> None:
        source = FakeSource()
        source.start()
        done = subprocess.run([sys.executable, os.path.join(HERE, "wfd-sink"), "--connect", f"127.0.0.1:{source.port}",
                               "--out", self.out, "--duration", "0.5", "--strict", "--no-analysis"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("played=True", done.stdout)


if __name__ == "__main__":
    unittest.main()
