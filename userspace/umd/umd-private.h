/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-private.h - inside of struct umd_session
 *
 * umd-session.c	life, what the sink says, what the driver says, and the one
 *			place that brings the two together (stream-state.h)
 * umd-modes.c		which modes there are, and which one it shall be
 * umd-stream.c		pictures, sound and packets: pumps, pipeline, sockets
 * umd-report.c		what the broker and the kernel are told
 */
#pragma once

#include <drm/miracast.h>

#include "frame-pump.h"
#include "gpu-way.h"
#include "media-pipeline.h"
#include "monitor.h"
#include "rtp-sockets.h"
#include "rtsp-session.h"
#include "sound-pump.h"
#include "stream-state.h"
#include "test-desktop.h"
#include "umd-session.h"

G_BEGIN_DECLS

/* R32: 1024x768p30 needs about this much, bits per second; other modes by their pixels (R30). */
#define FLOOR_BIT_RATE 1500000

/* Counters as they were told last: what has come since then is a rate. */
struct umd_reported {
	gint64 time_us; /* 0: never */
	guint64 offered;
	guint64 sent;
	guint64 dropped;
	guint64 bytes;
};

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

	GThread *prepare_thread; /* GStreamer and its encoders; NULL: not begun */
	GSource *prepared_source; /* attached by it, when it has done */
	GError *prepare_error;	  /* its, until it has done; the same with the reason */
	enum channel_reason prepare_reason;
	gboolean prepared;

	const struct video_encoder *encoder;
	const struct frame_source_class *source_class;
	gpointer source;
	frame_pump *pump;
	const struct sound_source_class *sound_class;
	gpointer sound_source; /* these two: NULL if there is no sound track */
	sound_pump *sound;
	gpu_way *way; /* of the encoder's device; NULL: it has none ... */
	const struct video_encoder *way_of; /* ... and whose it is; NULL: of one that has failed */
	media_pipeline *pipeline;
	rtp_sockets *sockets;
	rtp_seal *seal; /* of all pipelines, since its numbers go on; NULL: RTP is not encrypted */
	rtsp_session *rtsp;

	const wfd_sink_caps *caps; /* the RTSP session's; NULL before M3 */
	gboolean reduced;	   /* modes were left out because of the link */
	struct wfd_quirks quirks;
	struct wfd_encoder_limits limits;
	struct wfd_selection selection; /* told to the sink */
	struct wfd_selection next;	/* of the in-play M4 under way */
	guint64 change_pts;		/* of the first picture that has it, as it was announced */
	gint64 change_us;		/* the same, g_get_monotonic_time() */
	guint bit_rate;
	enum channel_latency latency;
	guint64 idr_requests;
	struct umd_reported reported; /* when stats were told last */
	struct stream_state stream;
	test_desktop *test_desktop; /* of the test source, while it is wanted */
	gboolean selected; /* there was an M4 */

	/* What was learnt of this computer, for the session: see umd_modes_too_slow(). */
	const struct wfd_mode *slow_mode; /* it does not encode this one fast enough; NULL: all so far */
	gboolean slow_lowered; /* the desktop was offered lower ones */
	guint64 most_pixel_rate; /* modes with more are not offered any more; 0: all are */

	guint refusals;	   /* of M4 before the stream */

	GSource *desktop_timer;
	GSource *stream_timer; /* the state has to be looked at again */
	GSource *change_timer; /* change_us */
	GSource *tick; /* each second while there is a stream */
	GSource *gone_source; /* attached when the frame source has gone */

	/* umd-plug.c */
	struct {
		gboolean copies;     /* the desktop has to copy its pictures for this monitor */
		const char *copies_why; /* a reason for it to do so; lives for ever; NULL: none is known */
		gint imported; /* the newest picture is in memory of another driver; atomic ... */
		gint on_gpu;   /* it goes to the encoder past the processor; atomic */
		gint read_mb;  /* ... which is read at so many megabytes per second; 0: not known; atomic */
		gboolean no_sound;   /* the kernel has no sound card for it */
		guint sound_channels; /* of the card that it has, 0: none */
		GSource *away;	     /* it is, until this runs */
		GSource *unreadable; /* made ready by the pump's thread ... */
		const char *why;     /* ... with this, atomic */
	} plug;

	GMutex lock;
	GArray *modes; /* struct wfd_mode_choice; read by any thread under the lock */
};

/* umd-session.c: it cannot go on; the sink shall hear of it, if it listens. */
void umd_session_fail(umd_session *s, enum channel_reason reason, const char *message);
/* umd_modes_offered() are others: the desktop shall choose again. FALSE: the session ends. */
gboolean umd_session_offer_again(umd_session *s);

/* umd-modes.c */

/* Take the best encoder that works; its limits become those of the session. */
gboolean umd_encoder_choose(umd_session *s, GError **error);
/*
 * It has failed with what M4 promised: take the next that can keep that.  FALSE if
 * there is none.
 */
gboolean umd_encoder_replace(umd_session *s, const char *why, GError **error);

/* The modes that sink, encoder and link can do, best first; NULL with @error if there are none. */
GArray *umd_modes_new(umd_session *s, GError **error);
/* The wish of the user if the sink can do it, else the best mode. */
const struct wfd_mode *umd_modes_preferred(umd_session *s);
/* Those of the session that the desktop is offered; the caller's to unref. */
GArray *umd_modes_offered(const umd_session *s);
/*
 * This computer cannot encode even half of the pictures of @mode, each of which takes @picture_us. Those that need more than
 * it has are not offered any more for the session, but for the least one of 1280x720 or more: below that
 * it is the display that looks bad, not the motion. A mode that somebody has chosen, by the wish or in the
 * desktop, which had been given another one, is theirs.
 *
 * Nothing is ever offered again, so that there is no way back and forth; and what the desktop sets
 * nevertheless is shown.
 *
 * Return: there are fewer now
 */
gboolean umd_modes_too_slow(umd_session *s, const struct wfd_mode *mode, guint picture_us);
/* The sink does not take @mode. */
void umd_modes_drop(umd_session *s, const struct wfd_mode *mode);
/* The best that is left, or with @last what any sink must have; NULL: none is left. */
const struct wfd_mode *umd_modes_next(umd_session *s, gboolean last);
/* All that M4 says for @mode. */
gboolean umd_modes_negotiate(umd_session *s, const struct wfd_mode *mode,
			     struct wfd_selection *selection, GError **error);
/*
 * The same before the first M4: by an encoder that was seen to do it.  Others are
 * given up for the next one.
 */
gboolean umd_modes_promise(umd_session *s, const struct wfd_mode *mode,
			   struct wfd_selection *selection, enum channel_reason *reason,
			   GError **error);

/* umd-plug.c */

/*
 * Tell the kernel of the monitor, or of the modes that it has by now.
 *
 * At first the desktop may hand over buffers of its GPU, of drivers of which it is known
 * that the processor sees in them what was drawn (imports.h); others the module refuses.
 * If they cannot be mapped, or are read too slowly, the monitor is unplugged and, after
 * a while, plugged in again as one that takes only the card's own buffers: the desktop
 * copies then.  If those cannot be read either, the session ends (PICTURE_UNREADABLE).
 *
 * Where pictures may go past the processor (gpu-way.h) the card takes no cursor of its own, and
 * the desktop draws it into its pictures.  When that way is given up, or the encoder that has it,
 * the monitor takes one again, in its place: the desktop does not see it go.
 *
 * With the monitor comes a sound card, if the sink takes sound and the user wants it.
 * A kernel that has none is told of the monitor alone.
 */
int umd_plug(umd_session *s, GError **error);
/* Another sound format than that of the plug has been agreed on, or none. As umd_plug(). */
int umd_plug_sound(umd_session *s, GError **error);
/* Before there is a pump, and after it. */
void umd_plug_watch(umd_session *s);
void umd_plug_free(umd_session *s);
/* The pump's thread: the pictures cannot be read; @why lives for ever. */
void umd_plug_unreadable(umd_session *s, const char *why);
/* The same: what the newest picture is in, and which way it goes; for umd_report_stats(). */
void umd_plug_picture(umd_session *s, const struct frame_info *info, gboolean on_gpu);

/* umd-stream.c */

struct stream_mode umd_stream_mode(const struct wfd_selection *selection);
/* Prepares pump, pipeline and sockets; fills @server. */
gboolean umd_stream_new(umd_session *s, const struct rtsp_ports *client, struct rtsp_ports *server,
			GError **error);
/* Pictures have the mode of the selection from the announced time (change_pts) on. */
void umd_stream_change_mode(umd_session *s);
/* Pictures and sound flow, or rest. */
void umd_stream_set_running(umd_session *s, gboolean running);
/* What was left out of the sound, in the log. */
void umd_stream_log_sound(umd_session *s);
/* What the sink has reported of RTP, the same. */
void umd_stream_log_reports(umd_session *s);
/* Stops and frees them, if they are there. */
void umd_stream_free(umd_session *s);

/* umd-report.c */

void umd_report_phase(umd_session *s, enum channel_phase phase);
/* Who the sink is; @user_agent may be NULL. */
void umd_report_sink(umd_session *s, const char *user_agent);
/* That M3 should be the short one next time. */
void umd_report_short_m3(umd_session *s);
/* The session's encoder has stopped with the profile of its selection. */
void umd_report_encoder_failed(umd_session *s);
/* The GPU way of the encoder has failed. */
void umd_report_gpu_failed(umd_session *s);
/* Where the sink receives: its socket is then connected to that by the broker. */
void umd_report_rtp_port(umd_session *s, guint16 port);
void umd_report_mode(umd_session *s);
void umd_report_stats(umd_session *s);
void umd_report_event(umd_session *s, enum miracast_protocol_event event);

G_END_DECLS
