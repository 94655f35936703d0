// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the broker's config message says to the driver of miracast-umd.
 */
#include <string.h>

#include "umd-session.h"

/* What the broker's config message says of them. */
static void test_config_import(void)
{
	static const struct {
		const char *value;
		gboolean valid, copies;
	} cases[] = {
		{ NULL, TRUE, FALSE }, { "no", TRUE, TRUE }, { "yes", TRUE, FALSE },
		{ "", FALSE, FALSE }, { "maybe", FALSE, FALSE },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GVariantDict) fields = G_VARIANT_DICT_INIT(NULL);
		g_autoptr(GVariant) message = NULL;
		g_autoptr(umd_config) config = NULL;
		g_autoptr(GError) error = NULL;

		g_variant_dict_insert(&fields, "source", "s", "kernel");
		g_variant_dict_insert(&fields, "peer-address", "s", "192.0.2.1");
		g_variant_dict_insert(&fields, "local-address", "s", "192.0.2.2");
		if (cases[i].value)
			g_variant_dict_insert(&fields, "import", "s", cases[i].value);
		message = g_variant_ref_sink(g_variant_dict_end(&fields));
		config = umd_config_new(message, &error);
		g_assert_cmpint(config != NULL, ==, cases[i].valid);
		if (config)
			g_assert_cmpint(config->copies, ==, cases[i].copies);
		else
			g_assert_nonnull(strstr(error->message, "import"));
	}
}

/* One of the specification's words, or none: then the sink has a say in it. */
static void test_config_latency(void)
{
	static const struct {
		const char *value;
		gboolean valid;
		enum channel_latency latency;
	} cases[] = {
		{ NULL, TRUE, CHANNEL_LATENCY_NORMAL }, { "normal", TRUE, CHANNEL_LATENCY_NORMAL },
		{ "low", TRUE, CHANNEL_LATENCY_LOW }, { "high", TRUE, CHANNEL_LATENCY_HIGH },
		{ "", FALSE, 0 }, { "none", FALSE, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			"{'source': <'test'>, 'peer-address': <'192.0.2.1'>, 'local-address': <'192.0.2.2'>%s%s%s}",
			cases[i].value ? ", 'latency': <'" : "", cases[i].value ? cases[i].value : "",
			cases[i].value ? "'>" : "");
		g_autoptr(GError) error = NULL;
		g_autoptr(GVariant) message = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);
		g_autoptr(umd_config) config = NULL;

		g_assert_no_error(error);
		config = umd_config_new(message, &error);
		g_assert_cmpint(config != NULL, ==, cases[i].valid);
		if (!config) {
			g_assert_nonnull(strstr(error->message, "latency"));
			continue;
		}
		g_assert_cmpint(config->latency, ==, cases[i].latency);
		g_assert_cmpint(config->latency_chosen, ==, cases[i].value != NULL);
	}
}

/* A kernel without sound cards is one of which the broker says so. */
static void test_config_sound_card(void)
{
	static const char *const fields[] = { "", ", 'sound-card': <true>", ", 'sound-card': <false>" };

	for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
		g_autofree char *text = g_strdup_printf("{'source': <'kernel'>, 'peer-address': <'192.0.2.1'>, "
							"'local-address': <'192.0.2.2'>%s}", fields[i]);
		g_autoptr(GVariant) message = g_variant_ref_sink(g_variant_new_parsed(text));
		g_autoptr(GError) error = NULL;
		g_autoptr(umd_config) config = umd_config_new(message, &error);

		g_assert_no_error(error);
		g_assert_cmpint(config->no_card, ==, i == 2);
	}
}

/* How RTP is encrypted is said whole, or not at all. */
static void test_config_seal(void)
{
	static const struct {
		const char *fields;
		gboolean valid;
		gsize key_len;
	} cases[] = {
		{ "", TRUE, 0 },
		{ ", 'rtp-key': <@ay [%s]>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", TRUE, 16 },
		{ ", 'rtp-key': <@ay [%s,%s]>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", TRUE, 32 },
		{ ", 'rtp-key': <@ay [%s,%s,0]>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", FALSE, 0 },
		{ ", 'rtp-key': <@ay [%s]>, 'rtp-salt': <@ay [1,2,3]>, 'rtp-sequence': <uint64 7>", FALSE, 0 },
		{ ", 'rtp-key': <@ay [%s]>, 'rtp-salt': <@ay [1,2,3,4]>", FALSE, 0 },
		{ ", 'rtp-key': <@ay []>, 'rtp-salt': <@ay [1,2,3,4]>, 'rtp-sequence': <uint64 7>", FALSE, 0 },
		{ ", 'rtp-salt': <@ay [1,2,3,4]>", FALSE, 0 },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) pieces = g_strsplit(cases[i].fields, "%s", -1);
		g_autofree char *fields = g_strjoinv("9,8,7,6,5,4,3,2,9,8,7,6,5,4,3,2", pieces);
		g_autofree char *text = g_strdup_printf("{'source': <'kernel'>, 'peer-address': <'192.0.2.1'>, "
							"'local-address': <'192.0.2.2'>%s}", fields);
		g_autoptr(GVariant) message = g_variant_ref_sink(g_variant_new_parsed(text));
		g_autoptr(GError) error = NULL;
		g_autoptr(umd_config) config = umd_config_new(message, &error);

		g_test_message("%s", fields);
		g_assert_cmpint(config != NULL, ==, cases[i].valid);
		if (config)
			g_assert_cmpuint(config->seal.key_len, ==, cases[i].key_len);
		else
			g_assert_nonnull(strstr(error->message, "rtp-"));
	}
}

int main(int argc, char *argv[])
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/umd-driver/config-import", test_config_import);
	g_test_add_func("/umd-driver/config-latency", test_config_latency);
	g_test_add_func("/umd-driver/config-sound-card", test_config_sound_card);
	g_test_add_func("/umd-driver/config-seal", test_config_seal);
	return g_test_run();
}
