/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-private.h - inside of struct umd_session
 *
 * umd-session.c	life, what the sink says, what the driver says
 * umd-modes.c		which modes there are, and which one it shall be
 * umd-stream.c		pictures and packets: pump, pipeline, sockets
 * umd-report.c		what the broker and the kernel are told
 */
#pragma once

#include <drm/miracast.h>

#include "frame-pump.h"
#include "media-pipeline.h"
#include "monitor.h"
#include "rtsp-session.h"
#include "umd-session.h"

G_BEGIN_DECLS

/* R32: 1024x768p30 needs about this much, bits per second; other modes by their pixels (R30). */
#define FLOOR_BIT_RATE 1500000

struct umd_session {
	const struct umd_config *config;
	channel *ch;
	struct miracast_host *host;
	const struct miracast_callbacks *callbacks;
	const struct umd_session_funcs *funcs;
	gpointer user_data;
	GMainContext *context;
	gint64 phases_reached; /* bit per enum channel_phase */
	gboolean over;	       /* ended() was called */

	const struct video_encoder *encoder;
	const struct frame_source_class *source_class;
	gpointer source;
	frame_pump *pump;
	media_pipeline *pipeline;
	GSocket *rtp_socket;
	rtsp_session *rtsp;

	const wfd_sink_caps *caps; /* the RTSP session's; NULL before M3 */
	gboolean reduced;	   /* modes were left out because of the link */
	struct wfd_quirks quirks;
	struct wfd_encoder_limits limits;
	struct wfd_selection selection; /* told to the sink */
	struct wfd_selection next;	/* in-play M4 under way, or mode NULL */
	guint bit_rate;
	guint64 idr_requests;
	struct miracast_mode_state desktop; /* what the desktop has set; width 0: off */
	gboolean selected;

	GSource *desktop_timer;
	GSource *tick; /* each second while there is a stream */
	GSource *gone_source; /* attached when the frame source has gone */

	GMutex lock;
	GArray *modes; /* struct wfd_mode_choice; read by any thread under the lock */
};

/* umd-session.c: it cannot go on; the sink shall hear of it, if it listens. */
void umd_session_fail(umd_session *s, enum channel_reason reason, const char *message);

/* umd-modes.c */

/* The modes that sink, encoder and link can do, best first; NULL with @error if there are none. */
GArray *umd_modes_new(umd_session *s, GError **error);
/* The wish of the user if the sink can do it, else the best mode. */
const struct wfd_mode *umd_modes_preferred(umd_session *s);
/* All that M4 says for @mode. */
gboolean umd_modes_negotiate(umd_session *s, const struct wfd_mode *mode,
			     struct wfd_selection *selection, GError **error);

/* umd-stream.c */

struct stream_mode umd_stream_mode(const struct wfd_mode *mode);
/* Prepares pump, pipeline and sockets; the port that RTP leaves from, 0 with @error set. */
guint16 umd_stream_new(umd_session *s, guint16 client_port, GError **error);
/* Stops and frees them, if they are there. */
void umd_stream_free(umd_session *s);

/* umd-report.c */

void umd_report_phase(umd_session *s, enum channel_phase phase);
/* Who the sink is; @user_agent may be NULL. */
void umd_report_sink(umd_session *s, const char *user_agent);
void umd_report_mode(umd_session *s);
void umd_report_stats(umd_session *s);
void umd_report_event(umd_session *s, enum miracast_protocol_event event);

G_END_DECLS
