# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Wi-Fi Display sink for tests.

Written from the Wi-Fi Display specification (v2.1) alone: it shares no code, no table and no constant with
the source under test, because two sides that read the text the same wrong way would agree with each other.

    rules      every finding the sink can report, with its clause
    rtsp       RTSP framing, strict towards the source, and the transcript
    params     wfd_* parameter grammar and the mode tables
    session    the sink's state machine, M1 to M16
    misbehave  the catalogue of badly behaved sinks, as data
    rtp        RTP reception and recording
    mpegts     MPEG-TS and PES parsing
    h264       NAL units, SPS, PPS, slice headers
    tscheck    judgement of a recording
    sound      audio frames, and the samples of a recording on its time
    tones      the test signal in them
    media      first picture, remux, decode, audio
    runner     one session from connecting to report.json
    cli        the command line
    wpa        wpa_supplicant control socket client and the Wi-Fi P2P side
"""
