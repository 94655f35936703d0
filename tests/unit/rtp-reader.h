/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtp-reader.h - a sink's end of the stream, for tests: what arrives, taken apart
 *
 * Reads RTP and transport packets from a UDP socket in a thread of its own.  Shares
 * nothing with what wrote them.
 */
#pragma once

#include <gio/gio.h>

/**
 * struct rtp_unit - an access unit of the stream that has arrived
 * @video: else it is of sound
 * @pts: 90 kHz
 * @pcr: the clock when its first packet left, 90 kHz: the PCR before it, moved on by RTP time
 * @rtp: RTP time of its first packet
 * @arrival_us: g_get_monotonic_time() of its first packet
 * @last_us: ... and of its latest one
 * @marker: that one has RTP's marker bit
 * @idr, @sps, @pps: what is in it
 * @profile: profile_idc, constraint flags and level_idc, if there is an SPS
 * @steps: PCRs so far that were marked as discontinuous
 */
struct rtp_unit {
	gboolean video;
	guint64 pts;
	gint64 pcr;
	guint32 rtp;
	gint64 arrival_us;
	gint64 last_us;
	gboolean marker;
	gboolean idr;
	gboolean sps;
	gboolean pps;
	guint8 profile[3];
	guint steps;
	gsize length; /* 0: it ends where the next one begins */
	GByteArray *data;
};

struct rtp_reader;

struct rtp_reader *rtp_reader_new(void);
void rtp_reader_free(struct rtp_reader *reader);
guint16 rtp_reader_port(const struct rtp_reader *reader);
/* Complete access units so far; a copy, to be unrefed. */
GPtrArray *rtp_reader_units(struct rtp_reader *reader, gboolean video);
/* Datagrams so far. */
guint rtp_reader_packets(struct rtp_reader *reader);
