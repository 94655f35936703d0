// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a UMD that was taken over may send to the broker, and the other way round. */
#include "channel.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int side = CHANNEL_BROKER; side <= CHANNEL_UMD; side++) {
		g_autoptr(GVariant) fields = NULL;
		g_autoptr(GError) error = NULL;
		enum channel_message message;
		gboolean ok = channel_decode(data, size, side, &message, &fields, &error);

		g_assert_true(ok == !error);
		g_assert_true((message < CHANNEL_N_MESSAGES) == (fields != NULL));
		if (fields) {
			g_autofree char *text = g_variant_print(fields, TRUE);

			g_assert_nonnull(text);
		}
	}
	return 0;
}
