/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log-limit.h - what happens sixty times a second is not logged sixty times a second
 *
 * A fault of the link, the desktop or the GPU shows with each packet or picture.
 * Each place that can report one has a struct log_limit of its own, zeroed at the
 * start, and asks it first; the first line of a minute that passes says how many
 * were left out.
 *
 *	log_limited(&self->limit, "packets do not leave: %s", g_strerror(errno));
 *
 * Any thread.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Lines in a minute, for each place. */
#define LOG_LIMIT_LINES 3

/**
 * struct log_limit - all fields private; zeroed is ready for use
 */
struct log_limit {
	GMutex lock; /* one in zeroed memory needs no init; g_mutex_clear() is optional there */
	gint64 since_us;
	guint lines;
	guint left_out;
};

/* Whether a line may be written at @now_us; @left_out gets the number that were not, since the last. */
gboolean log_limit_pass(struct log_limit *limit, gint64 now_us, guint *left_out);

/* g_message(), if the limit lets it pass. */
void log_limited(struct log_limit *limit, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The same with a limit of this place in the program, for what exists once in a process. */
#define log_limited_here(...)                                     \
	G_STMT_START                                              \
	{                                                         \
		static struct log_limit log_limit_here;           \
		log_limited(&log_limit_here, __VA_ARGS__);        \
	}                                                         \
	G_STMT_END

G_END_DECLS
