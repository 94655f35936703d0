/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-session.h - one Miracast session: sink, stream and monitor brought together
 *
 * Owns the RTSP dialogue (rtsp-session.h), the pictures (frame-pump.h) and the
 * stream (media-pipeline.h), decides between them, and tells the broker.  It
 * lives in one thread, that of the main context; umd-driver.c brings the calls
 * of the host, which come from other threads, there.
 */
#pragma once

#include <miracast/umd.h>

#include "channel.h"
#include "encoders.h"
#include "rtp-seal.h"
#include "rtp-ports.h"
#include "wfd-quirks.h"

G_BEGIN_DECLS

/**
 * struct umd_config - the broker's "config" message, checked
 * @device_id: of the sink, for its EDID and the quirks; may be NULL
 * @device_model: manufacturer and model as the broker knows them; may be NULL
 * @quirk_table: the rows of this build, and those of the config
 * @kernel: pictures come from the sink fd; else the test picture
 * @wish: mode that the user wants; width 0: none
 * @short_m3: the sink is asked only for what every sink knows
 * @audio: what the sound track carries, if the sink takes one
 * @latency: what counts more (media-delay.h)
 * @latency_chosen: the user says so; the sink has no say in it then
 * @no_card: the kernel has no sound cards for monitors
 * @seal: how RTP is encrypted, if it is
 * @ports: not of the message, passed on beside it; borrowed
 */
typedef struct umd_config {
	gboolean kernel;
	char *friendly_name;
	char *device_id;
	char *device_model;
	wfd_quirk_table *quirk_table;
	char *peer_address;
	char *local_address;
	guint64 max_bit_rate;
	char *encoder;
	struct wfd_mode_request wish;
	gboolean short_m3;
	enum channel_audio audio;
	enum channel_latency latency;
	gboolean latency_chosen;
	gboolean no_card;
	struct rtp_seal_config seal;
	struct rtp_ports ports;
	gboolean copies;  /* the desktop is to copy pictures, whatever can be read */
	gboolean imports; /* it is not, whatever card there is, until one was not read */
} umd_config;

/* From the fields of CHANNEL_CONFIG. NULL with @error if a value makes no sense. */
struct umd_config *umd_config_new(GVariant *fields, GError **error);
void umd_config_free(struct umd_config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(umd_config, umd_config_free)

typedef struct umd_session umd_session;

/**
 * struct umd_session_funcs - what the driver hears; in the main context
 * @started: the sink's capabilities are known: start_session() may return
 *	@info (MIRACAST_SESSION_*), then umd_session_running() is called
 * @ended: the session is over; once, and the last call
 */
struct umd_session_funcs {
	void (*started)(umd_session *session, guint32 info, gpointer user_data);
	void (*ended)(umd_session *session, enum channel_reason reason, const char *message,
		      gpointer user_data);
};

/**
 * umd_session_new - prepare the source of pictures
 * @config: borrowed, has to outlive the session; the same with @ch
 *
 * On failure @reason says what the broker is told.
 */
umd_session *umd_session_new(const struct umd_config *config, channel *ch, struct miracast_host *host,
			     const struct miracast_callbacks *callbacks,
			     const struct umd_session_funcs *funcs, gpointer user_data,
			     enum channel_reason *reason, GError **error);
void umd_session_free(umd_session *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(umd_session, umd_session_free)

/*
 * Talk to the sink on @rtsp_fd (borrowed), and prepare GStreamer and the encoders in a
 * thread as soon as the first word has left; started() or ended() follows.
 */
void umd_session_start(umd_session *session, int rtsp_fd,
		       const struct miracast_wfd_connection_stats *stats);
/* Say goodbye to the sink; ended() follows within about a second, if it has not come. */
void umd_session_stop(umd_session *session);
/* The host lets messages and I/O control through now. */
void umd_session_running(umd_session *session);

/* The link says what it can carry. */
void umd_session_data_rate(umd_session *session, const struct miracast_data_rate *rate);
/* Send a key frame now. */
void umd_session_key_frame(umd_session *session);

/*
 * The desktop, through the kernel.  umd_session_can_show() may be called by any
 * thread: is the mode one of those that were offered?
 */
gboolean umd_session_can_show(umd_session *session, const struct miracast_mode_state *mode);
void umd_session_mode_set(umd_session *session, const struct miracast_mode_state *mode);
void umd_session_mode_off(umd_session *session);
void umd_session_power(umd_session *session, gboolean on);

G_END_DECLS
