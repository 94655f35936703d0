/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-process.h - one miracast-umd and the channel to it
 *
 * The process is given the sink fd as 3, the sink's RTSP connection as 4, the
 * channel (channel.h) as 5 and the sockets for RTP and RTCP (rtp-ports.h) as 6 and 7,
 * nothing else, and cannot get more (umd-launcher.h).  It is not trusted: what it
 * says was checked by the channel, and when it does not end on request it is ended.
 */
#pragma once

#include <gio/gio.h>

#include "channel.h"
#include "reason.h"
#include "umd-launcher.h"

G_BEGIN_DECLS

typedef struct umd_process umd_process;

/**
 * struct umd_process_funcs - what the owner hears
 * @message: one of the channel's messages for the broker, except "end"
 * @hung: it did not end within UMD_STOP_SECONDS after umd_process_stop(), or
 *	has sent no "stats" for UMD_SILENCE_SECONDS while streaming; the owner
 *	should destroy the kernel's context now. It is then killed
 * @exited: the process is gone, or could not be ended within UMD_KILL_SECONDS after
 *	SIGKILL and is left behind; always the last call; why, as the UMD has said
 *	itself or as its exit status shows; borrowed
 *
 * All run in the main context; none from inside of a call of this header.
 * @exited may free the process.
 */
struct umd_process_funcs {
	void (*message)(umd_process *umd, enum channel_message message, GVariant *fields,
			gpointer user_data);
	void (*hung)(umd_process *umd, gpointer user_data);
	void (*exited)(umd_process *umd, const reason *why, gpointer user_data);
};

/* Time that a UMD has for TEARDOWN and its own end. */
#define UMD_STOP_SECONDS 3
/* Time that the kernel has for its end after SIGKILL. */
#define UMD_KILL_SECONDS 1
/* "stats" comes each second; a machine under load may be late with it. */
#define UMD_SILENCE_SECONDS 10

/**
 * struct umd_process_path - where the stream goes
 * @local: numeric address of ours
 * @peer: numeric address of the sink
 * @interface: network interface that leads to the sink alone, or NULL
 */
struct umd_process_path {
	const char *local;
	const char *peer;
	const char *interface;
};

/**
 * umd_process_new - start one
 * @sink_fd: taken over, also on failure; -1 with the test source
 * @rtsp: the connection; the process gets a duplicate
 * @path: for the sockets of RTP; borrowed
 * @config: a{sv}: fields of the channel's "config" message; floating consumed
 *
 * Fails with REASON_UMD_START.
 */
umd_process *umd_process_new(umd_launcher *launcher, int sink_fd, GSocketConnection *rtsp,
			     const struct umd_process_path *path, GVariant *config,
			     const struct umd_process_funcs *funcs, gpointer user_data, GError **error);

/* Ask it to end; @exited follows. A second call does nothing. */
void umd_process_stop(umd_process *umd, const char *why);
/* Send "idr" or "data-rate". What cannot be sent is logged and lost. */
void umd_process_send(umd_process *umd, enum channel_message message, GVariant *fields);
/* Kills the process if it still runs, without waiting for it. */
void umd_process_free(umd_process *umd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(umd_process, umd_process_free)

G_END_DECLS
