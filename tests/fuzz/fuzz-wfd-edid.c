/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * EDIDs: the check takes the bytes as they are; the builder takes them as a
 * description, one byte per mode, then the name.
 */
#include "fuzz.h"
#include "wfd-edid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wfd_mode *modes[WFD_EDID_MAX_MODES + 1];
	struct wfd_edid_desc desc = { .modes = modes };
	g_autofree char *name = NULL;
	g_autoptr(GBytes) edid = NULL;
	const struct wfd_mode *all;
	gsize n;

	wfd_edid_check(data, size, NULL);

	all = wfd_modes(&n);
	if (size < 2)
		return 0;
	desc.audio = data[0] & 1;
	desc.width_mm = data[1] * 16;
	desc.height_mm = data[1] * 9;
	data += 2;
	size -= 2;
	while (size > 0 && data[0] < n && desc.n_modes < G_N_ELEMENTS(modes)) {
		modes[desc.n_modes++] = &all[data[0]];
		data++;
		size--;
	}
	name = g_strndup((const char *)data, size);
	desc.name = name;
	edid = wfd_edid_build(&desc, NULL, NULL);
	if (edid)
		g_assert_true(wfd_edid_check(g_bytes_get_data(edid, NULL), g_bytes_get_size(edid),
					     NULL));
	return 0;
}
