// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Where a peer was heard: see wpa-peer.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "wpa-peer.h"

#include <string.h>

#include "wpa-control.h"
#include "wpa-private.h"

/* Nobody shall wait for a display because of its band: it answers at once, or not at all. */
#define ANSWER_SECONDS 1

/* Above the last channel of any band. */
#define MAX_MHZ 100000

/* ---- the answer ---------------------------------------------------------------------- */

/* A line that is NAME= and digits; 0: it is another one, or there is no such number. */
static guint read_line(const char *line, gsize len, const char *name)
{
	gsize skip = strlen(name);
	guint mhz = 0;

	if (len <= skip || strncmp(line, name, skip) != 0)
		return 0;
	for (gsize i = skip; i < len; i++) {
		if (!g_ascii_isdigit(line[i]))
			return 0;
		mhz = mhz * 10 + g_ascii_digit_value(line[i]);
		if (mhz > MAX_MHZ)
			return 0;
	}
	return mhz;
}

guint wpa_peer_frequency(const char *answer, gboolean group_owner)
{
	guint listen = 0, operating = 0;

	for (const char *line = answer; *line;) {
		gsize len = strcspn(line, "\n");
		guint found = read_line(line, len, "oper_freq=");

		if (!listen)
			listen = read_line(line, len, "listen_freq=");
		if (found)
			operating = found;
		line += len + (line[len] == '\n');
	}
	return group_owner && operating ? operating : listen;
}

/* ---- the question ---------------------------------------------------------------------- */

/* @properties: the newest ones: they change while it is asked. @path is the key. */
struct wpas_asked {
	wpas *w;
	char *path;
	GVariant *properties;
};

void wpas_asked_free(gpointer data)
{
	struct wpas_asked *asked = data;

	g_free(asked->path);
	g_variant_unref(asked->properties);
	g_free(asked);
}

static void peer_answered(const char *answer, const GError *error, gpointer user_data)
{
	struct wpas_asked *asked = user_data;
	wpas *w = asked->w;

	g_hash_table_steal(w->asked, asked->path);
	if (error && !w->unheard) {
		g_info("wpa_supplicant does not say on which bands displays are: %s", error->message);
		w->unheard = TRUE;
	}
	if (!g_hash_table_contains(w->lost, asked->path))
		wpas_report_peer(w, asked->path, asked->properties, answer);
	wpas_asked_free(asked);
}

/* What has no Wi-Fi Display element is no display. */
static gboolean has_element(GVariant *properties)
{
	g_autoptr(GVariant) ies = g_variant_lookup_value(properties, "IEs", G_VARIANT_TYPE_BYTESTRING);

	return ies && g_variant_n_children(ies) > 0;
}

void wpas_hear_peer(wpas *w, const char *path, GVariant *properties)
{
	struct wpas_radio *radio = w->interface ? g_hash_table_lookup(w->radios, w->interface) : NULL;
	struct wpas_asked *asked = g_hash_table_lookup(w->asked, path);
	g_autofree char *address = NULL, *command = NULL;

	if (asked) {
		g_variant_unref(asked->properties);
		asked->properties = g_variant_ref(properties);
		return;
	}
	if (radio && radio->control && !w->unheard && has_element(properties))
		address = wpas_peer_address(path);
	if (!address) {
		wpas_report_peer(w, path, properties, NULL);
		return;
	}
	asked = g_new0(struct wpas_asked, 1);
	asked->w = w;
	asked->path = g_strdup(path);
	asked->properties = g_variant_ref(properties);
	g_hash_table_insert(w->asked, asked->path, asked);
	command = g_strconcat("P2P_PEER ", address, NULL);
	/* Cancelled before the table goes. */
	wpa_control_request(radio->control, command, ANSWER_SECONDS, w->cancellable, peer_answered, asked, NULL);
}
