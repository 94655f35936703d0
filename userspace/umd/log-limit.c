// SPDX-License-Identifier: LGPL-2.1-or-later
#include "log-limit.h"

#define MINUTE_US (60 * G_USEC_PER_SEC)

gboolean log_limit_pass(struct log_limit *limit, gint64 now_us, guint *left_out)
{
	gboolean pass;

	g_mutex_lock(&limit->lock);
	if (!limit->lines || now_us >= limit->since_us + MINUTE_US) {
		limit->since_us = now_us;
		limit->lines = 0;
	}
	pass = limit->lines < LOG_LIMIT_LINES;
	*left_out = 0;
	if (pass) {
		limit->lines++;
		*left_out = limit->left_out;
		limit->left_out = 0;
	} else {
		limit->left_out++;
	}
	g_mutex_unlock(&limit->lock);
	return pass;
}

void log_limited(struct log_limit *limit, const char *format, ...)
{
	g_autofree char *text = NULL;
	guint left_out;
	va_list args;

	if (!log_limit_pass(limit, g_get_monotonic_time(), &left_out))
		return;
	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	if (left_out)
		g_message("%s (%u lines like this were left out)", text, left_out);
	else
		g_message("%s", text);
}
