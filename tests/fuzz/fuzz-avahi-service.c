/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a display of the network says of itself by multicast DNS: its host in the first line, the strings of its TXT
 * record in the others.  What is taken of it is in the form in which it is compared, and stays what it is.
 */
#include <string.h>

#include "avahi.h"
#include "fuzz.h"
#include "mice-resolve.h"

static GVariant *strings_of(const char *at, const char *end)
{
	GVariantBuilder builder = G_VARIANT_BUILDER_INIT(G_VARIANT_TYPE("aay"));

	while (at < end) {
		const char *stop = memchr(at, '\n', end - at);

		if (!stop)
			stop = end;
		g_variant_builder_add_value(&builder,
					    g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, at, stop - at, 1));
		at = stop + 1;
	}
	return g_variant_ref_sink(g_variant_builder_end(&builder));
}

static void try_host(const char *text)
{
	guint16 port, other_port;
	g_autofree char *host = mice_host_parse(text, &port);
	g_autofree char *again = host ? mice_host_parse(host, &other_port) : NULL;

	if (!host)
		return;
	g_assert_cmpuint(port, !=, 0);
	g_assert_cmpstr(again, ==, host);
	g_assert_true(g_str_is_ascii(host));
	if (!mice_host_is_numeric(host)) {
		g_assert_null(strpbrk(host, " \t\r\n/:[]%"));
		g_assert_cmpint(mice_host_compare(host, host), ==, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *end = text + size;
	const char *line_end = size ? memchr(text, '\n', size) : NULL;
	g_autofree char *host = g_strndup(text, line_end ? (size_t)(line_end - text) : size);
	g_autoptr(GVariant) txt = strings_of(line_end ? line_end + 1 : end, end);
	g_autofree char *container = avahi_find_container(txt);

	try_host(host);
	if (container) {
		g_assert_true(g_uuid_string_is_valid(container));
		for (char *c = container; *c; c++)
			g_assert_false(g_ascii_isupper(*c));
	}
	return 0;
}
