/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over files, or over all files of directories. */
#include "fuzz.h"

static guint run_file(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *data = NULL;
	g_autofree uint8_t *exact = NULL;
	gsize len;

	if (!g_file_get_contents(path, &data, &len, &error))
		g_error("%s", error->message);
	/* g_file_get_contents() adds a NUL behind the data, which would hide an overrun. */
	exact = g_memdup2(data, len);
	LLVMFuzzerTestOneInput(exact, len);
	return 1;
}

static guint run_directory(const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(path, 0, &error);
	const char *name;
	guint n = 0;

	if (!dir)
		g_error("%s", error->message);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		n += run_file(file);
	}
	return n;
}

int main(int argc, char *argv[])
{
	guint n = 0;

	for (int i = 1; i < argc; i++) {
		if (g_file_test(argv[i], G_FILE_TEST_IS_DIR))
			n += run_directory(argv[i]);
		else
			n += run_file(argv[i]);
	}
	g_print("%u inputs\n", n);
	return n > 0 ? 0 : 1;
}
