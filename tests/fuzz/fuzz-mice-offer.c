/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What displays say of themselves over the air: text that is taken is text, and ends. */
#include <string.h>

#include "fuzz.h"
#include "mice-offer.h"

static void check_text(const char *text, size_t size)
{
	g_assert_nonnull(memchr(text, 0, size));
	g_assert_true(g_utf8_validate(text, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mice_offer offer;

	if (!mice_offer_parse(data, size, &offer, NULL))
		return 0;
	check_text(offer.host, sizeof(offer.host));
	g_assert_cmpuint(offer.n_addresses, <=, MICE_OFFER_MAX_ADDRESSES);
	for (guint i = 0; i < offer.n_addresses; i++)
		check_text(offer.addresses[i], sizeof(offer.addresses[i]));
	g_assert_true(!offer.pin || offer.encryption);
	return 0;
}
