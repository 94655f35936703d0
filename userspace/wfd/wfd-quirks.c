/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "wfd-quirks.h"

/* A 0 in a row leaves what the default or an earlier row says. */
struct row {
	const char *words[4]; /* any of them */
	struct wfd_quirks quirks;
};

static const struct wfd_quirks defaults = {
	.name = "default",
	.m2_grace_ms = 2000,
	.keepalive = WFD_KEEPALIVE_AUTO,
	.max_session_id = 15,
	.session_timeout = 30,
	.pmt_pid = 0x0100,
};

static const struct row rows[] = {
	{
		/*
		 * Microsoft's adapters and what is built on their firmware: close
		 * the connection when M3 overtakes their M2, however late that is,
		 * and the 4K one sends TEARDOWN on the first M16.
		 */
		.words = { "MSFT-WDD", "Microsoft" },
		.quirks = {
			.name = "microsoft",
			.m2_grace_ms = 6000,
			.keepalive = WFD_KEEPALIVE_OFF,
		},
	},
	{
		/*
		 * Reset the connection 40 s after PLAY without M16, and cannot
		 * store a session id of more than 15 characters.
		 */
		.words = { "LG", "LGE", "webOS" },
		.quirks = {
			.name = "lg",
			.keepalive = WFD_KEEPALIVE_ON,
			.max_session_id = 10,
		},
	},
	{
		/* Drop a session without audio; some wait for the source to dial. */
		.words = { "Samsung" },
		.quirks = {
			.name = "samsung",
			.audio_required = TRUE,
			.rtsp_dial = TRUE,
		},
	},
	{
		/* Name LPCM as they must, but go silent or drop the session with it. */
		.words = { "TCL" },
		.quirks = {
			.name = "tcl",
			.audio_required = TRUE,
			.audio_only_aac = TRUE,
		},
	},
};

static gboolean has_word(const char *text, const char *word)
{
	gsize len = strlen(word);

	for (const char *pos = text; *pos; pos++) {
		if ((pos == text || !g_ascii_isalnum(pos[-1])) &&
		    g_ascii_strncasecmp(pos, word, len) == 0 && !g_ascii_isalnum(pos[len]))
			return TRUE;
	}
	return FALSE;
}

static gboolean row_matches(const struct row *row, const struct wfd_sink_identity *identity)
{
	const char *const texts[] = {
		identity->user_agent, identity->server,	     identity->manufacturer,
		identity->model,      identity->device_name,
	};

	for (guint i = 0; i < G_N_ELEMENTS(row->words) && row->words[i]; i++) {
		for (guint j = 0; j < G_N_ELEMENTS(texts); j++) {
			if (texts[j] && has_word(texts[j], row->words[i]))
				return TRUE;
		}
	}
	return FALSE;
}

static void override(struct wfd_quirks *out, const struct wfd_quirks *row, gboolean first)
{
	if (first)
		out->name[0] = '\0';
	else
		g_strlcat(out->name, "+", sizeof(out->name));
	g_strlcat(out->name, row->name, sizeof(out->name));

#define OVERRIDE(field) \
	do { \
		if (row->field) \
			out->field = row->field; \
	} while (0)
	OVERRIDE(m2_grace_ms);
	OVERRIDE(keepalive);
	OVERRIDE(max_session_id);
	OVERRIDE(session_timeout);
	OVERRIDE(audio_required);
	OVERRIDE(audio_only_aac);
	OVERRIDE(pmt_pid);
	OVERRIDE(rtsp_dial);
#undef OVERRIDE
}

void wfd_quirks_match(const struct wfd_sink_identity *identity, struct wfd_quirks *out)
{
	gboolean first = TRUE;

	*out = defaults;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!row_matches(&rows[i], identity))
			continue;
		override(out, &rows[i].quirks, first);
		first = FALSE;
	}
}
