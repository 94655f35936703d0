/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * umd-driver.h - the user-mode driver of miracast-umd
 */
#pragma once

#include <miracast/umd.h>

#include "umd-session.h"

G_BEGIN_DECLS

/**
 * struct umd_driver_data - what create_context() is given
 * @config, @ch: borrowed, outlive the driver
 * @context: main context of a loop that runs while the driver lives, in a thread
 *	that is not the host's
 * @session: the driver's, for the thread of @context only; NULL: none
 * @reason, @message: why the session ended, once it has; @message is the
 *	owner's to free, NULL: it has not ended by itself
 */
struct umd_driver_data {
	const struct umd_config *config;
	channel *ch;
	GMainContext *context;
	umd_session *session;
	enum channel_reason reason;
	char *message;
};

extern const struct miracast_driver umd_driver;

G_END_DECLS
