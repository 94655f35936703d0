/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What nl80211 says of a link: anything that is heard can be told. The first byte says of what. */
#include "fuzz.h"
#include "wifi-link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Where netlink has it: at the beginning of an allocation. */
	g_autofree uint8_t *attributes = size > 1 ? g_memdup2(data + 1, size - 1) : NULL;
	struct wifi_link link = { 0 };
	g_autoptr(GVariant) told = NULL;

	if (size == 0)
		return 0;
	if (data[0] & 1)
		wifi_link_hear_station(&link, attributes, size - 1);
	else
		wifi_link_hear_interface(&link, attributes, size - 1);
	g_assert_cmpuint(link.width, <=, 320);
	g_assert_cmpint(link.signal, >=, -128);
	g_assert_cmpint(link.signal, <=, 127);
	told = g_variant_ref_sink(wifi_link_to_variant(&link));
	g_assert_true(g_variant_is_normal_form(told));
	return 0;
}
