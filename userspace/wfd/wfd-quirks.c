/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "wfd-quirks.h"

#define MAX_SETTINGS 4

/* A field of struct wfd_quirks and its value; the name is first there, so that offset 0 is no setting. */
struct setting {
	gsize offset;
	guint value;
};

#define SET(field, value) { G_STRUCT_OFFSET(struct wfd_quirks, field), value }

/* All fields but the name are set alike. */
G_STATIC_ASSERT(G_STRUCT_OFFSET(struct wfd_quirks, name) == 0);
G_STATIC_ASSERT(sizeof(enum wfd_keepalive) == sizeof(guint) && sizeof(gboolean) == sizeof(guint));

struct row {
	const char *name;
	const char *words[4]; /* any of them */
	struct setting settings[MAX_SETTINGS];
};

static const struct wfd_quirks defaults = {
	.name = "default",
	.keepalive = WFD_KEEPALIVE_AUTO,
	.max_session_id = 15,
	.session_timeout = 30,
	.standby = TRUE,
	.pmt_pid = 0x0100,
};

static const struct row rows[] = {
	{
		/*
		 * Microsoft's adapters and what is built on their firmware: the 4K
		 * one sends TEARDOWN on the first M16, so that none is sent, and no
		 * time announced after which one would be missed.  They end a
		 * session without RTP after 2 minutes (C00D4278).
		 */
		.name = "microsoft",
		.words = { "MSFT-WDD", "Microsoft" },
		.settings = {
			SET(keepalive, WFD_KEEPALIVE_OFF),
			SET(session_timeout, 0),
			SET(standby, FALSE),
		},
	},
	{
		/*
		 * Reset the connection 40 s after PLAY without M16, and cannot
		 * store a session id of more than 15 characters.
		 */
		.name = "lg",
		.words = { "LG", "LGE", "webOS" },
		.settings = {
			SET(keepalive, WFD_KEEPALIVE_ON),
			SET(max_session_id, 10),
			SET(session_timeout, 30),
		},
	},
	{
		/* Drop a session without audio. */
		.name = "samsung",
		.words = { "Samsung" },
		.settings = { SET(audio_required, TRUE) },
	},
	{
		/* Name LPCM as they must, but go silent or drop the session with it. */
		.name = "tcl",
		.words = { "TCL" },
		.settings = { SET(audio_required, TRUE), SET(audio_only_aac, TRUE) },
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

static void apply(struct wfd_quirks *out, const struct row *row, gboolean first)
{
	if (first)
		out->name[0] = '\0';
	else
		g_strlcat(out->name, "+", sizeof(out->name));
	g_strlcat(out->name, row->name, sizeof(out->name));
	for (guint i = 0; i < MAX_SETTINGS && row->settings[i].offset; i++)
		G_STRUCT_MEMBER(guint, out, row->settings[i].offset) = row->settings[i].value;
}

void wfd_quirks_match(const struct wfd_sink_identity *identity, struct wfd_quirks *out)
{
	gboolean first = TRUE;

	*out = defaults;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		if (!row_matches(&rows[i], identity))
			continue;
		apply(out, &rows[i], first);
		first = FALSE;
	}
}
