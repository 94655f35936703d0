// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a UMD that was taken over may send to the broker, and the other way round. */
#include "channel.h"
#include "fuzz.h"

/* What is shown to people. */
static void assert_clean(GVariant *fields)
{
	GVariantIter iter;
	GVariant *item;

	g_variant_iter_init(&iter, fields);
	while (g_variant_iter_next(&iter, "{&sv}", NULL, &item)) {
		g_autoptr(GVariant) value = item;

		if (!g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
			continue;
		for (const char *p = g_variant_get_string(value, NULL); *p; p = g_utf8_next_char(p))
			g_assert_true(g_unichar_isprint(g_utf8_get_char(p)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int side = CHANNEL_BROKER; side <= CHANNEL_UMD; side++) {
		g_autoptr(GVariant) fields = NULL;
		g_autoptr(GError) error = NULL;
		enum channel_message message;
		gboolean ok = channel_decode(data, size, side, &message, &fields, &error);

		g_assert_true(ok == !error);
		g_assert_true((message < CHANNEL_N_MESSAGES) == (fields != NULL));
		if (fields && side == CHANNEL_BROKER)
			assert_clean(fields);
		if (fields) {
			g_autofree char *text = g_variant_print(fields, TRUE);

			g_assert_nonnull(text);
		}
	}
	return 0;
}
