/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WFD information elements: what is built from one that was read must read the same. */
#include "fuzz.h"
#include "wfd-ie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GBytes) element = NULL;
	struct wfd_ie ie, again;

	if (!wfd_ie_parse(data, size, &ie, NULL)) {
		g_assert_false(wfd_device_is_connectable_sink(&ie, NULL));
		return 0;
	}
	element = wfd_ie_build(&ie);
	g_assert_true(wfd_ie_parse(g_bytes_get_data(element, NULL), g_bytes_get_size(element),
				   &again, NULL));
	g_assert_cmpint(again.role, ==, ie.role);
	g_assert_cmpint(again.available, ==, ie.available);
	g_assert_cmpuint(again.rtsp_port, ==, ie.rtsp_port);
	g_assert_cmpuint(again.throughput, ==, ie.throughput);
	g_assert_cmpuint(again.extended, ==, ie.extended);
	g_assert_cmpint(again.r2, ==, ie.r2);
	g_assert_cmpint(again.coupled_status, ==, ie.coupled_status);
	return 0;
}
