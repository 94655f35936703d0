// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a session process is told before it begins: see session-private.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "session-private.h"

#include "options.h"
#include "quirk-files.h"

/* More records than any UMD makes, fewer than there are numbers for SESSION_MAX_CALLS of them. */
#define SEQUENCES_OF_ONE_CALL (G_GUINT64_CONSTANT(1) << 40)

/* The user's rows, as they are now. */
static void add_quirks(session *s, GVariantDict *config)
{
	g_auto(GStrv) problems = NULL;
	g_auto(GStrv) texts = quirk_files_read(s->env->quirks_dir, &problems);

	for (guint i = 0; problems[i]; i++)
		g_warning("%s", problems[i]);
	g_variant_dict_insert(config, "quirks", "^as", texts);
}

/* How RTP is encrypted; each UMD has its own numbers, since two records must not share one. */
static void add_media(session *s, GVariantDict *config)
{
	GVariantIter iter;
	const char *key;
	GVariant *item;

	if (!s->media)
		return;
	g_variant_iter_init(&iter, s->media);
	while (g_variant_iter_next(&iter, "{&sv}", &key, &item)) {
		g_autoptr(GVariant) value = item;

		if (g_str_equal(key, "rtp-sequence"))
			g_variant_dict_insert(config, key, "t", g_variant_get_uint64(value) +
					      s->calls * SEQUENCES_OF_ONE_CALL);
		else
			g_variant_dict_insert_value(config, key, value);
	}
}

GVariant *session_make_config(session *s, const char *local, const char *peer)
{
	g_auto(GVariantDict) config = G_VARIANT_DICT_INIT(NULL);
	guint64 max_bit_rate = 0;

	g_variant_lookup(s->options, "max-bit-rate", "t", &max_bit_rate);
	options_copy_for_umd(s->options, &config);
	g_variant_dict_insert(&config, "source", "s", s->env->kernel ? "kernel" : "test");
	g_variant_dict_insert(&config, "friendly-name", "s", s->sink->name);
	g_variant_dict_insert(&config, "device-id", "s", s->sink->id);
	g_variant_dict_insert(&config, "device-model", "s", s->sink->model);
	add_quirks(s, &config);
	add_media(s, &config);
	g_variant_dict_insert(&config, "peer-address", "s", peer);
	g_variant_dict_insert(&config, "local-address", "s", local);
	g_variant_dict_insert(&config, "max-bit-rate", "t", max_bit_rate);
	g_variant_dict_insert(&config, "short-m3", "b",
			      remembered_short_m3(s->env->remembered, s->sink->id, s->sink->owner));
	if (s->env->kernel)
		g_variant_dict_insert(&config, "sound-card", "b", kernel_has_sound(s->env->kernel));
	return g_variant_dict_end(&config);
}
