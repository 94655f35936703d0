/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the DHCP client's script says: whatever is taken is a host of a small private network. */
#include <string.h>

#include "fuzz.h"
#include "p2p-address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *line = g_strndup((const char *)data, size);
	g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_object_unref);
	int prefix;
	g_autoptr(GInetAddress) address = p2p_address_parse_lease(line, &prefix);

	g_assert_cmpint(prefix, >=, -1);
	g_assert_cmpint(prefix, <=, 32);
	if (address && p2p_address_check(address, prefix, NULL, used, NULL)) {
		g_assert_true(g_inet_address_get_is_site_local(address));
		g_assert_cmpint(prefix, >=, P2P_ADDRESS_PREFIX_MIN);
		g_assert_cmpint(prefix, <=, P2P_ADDRESS_PREFIX_MAX);
	}
	return 0;
}
