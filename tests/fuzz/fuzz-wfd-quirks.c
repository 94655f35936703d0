/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file of quirks: refused as a whole, or what it sets is in range for every sink. */
#include "fuzz.h"
#include "wfd-quirks.h"

static void check_range(const struct wfd_quirks *quirks)
{
	g_assert_cmpuint(quirks->keepalive, <=, WFD_KEEPALIVE_OFF);
	g_assert_cmpuint(quirks->max_session_id, >=, 1);
	g_assert_cmpuint(quirks->max_session_id, <=, 15);
	g_assert_true(!quirks->session_timeout || quirks->session_timeout >= 10);
	g_assert_cmpuint(quirks->session_timeout, <=, 3600);
	g_assert_cmpuint(quirks->audio_codecs, !=, 0);
	g_assert_cmpuint(quirks->pmt_pid, >=, 0x20);
	g_assert_cmpuint(quirks->pmt_pid, <=, 0x1ffe);
	g_assert_cmpuint(quirks->max_bit_rate, <=, 100000000);
	g_assert_true(!quirks->lead_ms || quirks->lead_ms >= 50);
	g_assert_cmpuint(quirks->lead_ms, <=, 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wfd_sink_identity identity = {
		.user_agent = "a", .manufacturer = "b", .model = "c", .device_name = "d", .address = "e",
	};
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(wfd_quirk_table) table = wfd_quirk_table_new();
	g_autoptr(GError) error = NULL;
	struct wfd_quirks quirks;

	if (!wfd_quirk_table_add(table, text, &error))
		g_assert_nonnull(error);
	wfd_quirks_match(table, &identity, &quirks);
	check_range(&quirks);
	return 0;
}
