// SPDX-License-Identifier: LGPL-2.1-or-later
#include "quirk-files.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wfd-quirks.h"

#define MAX_FILES 64

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *files_of(const char *directory)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (*name != '.' && g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(names, g_build_filename(directory, name, NULL));
	}
	g_ptr_array_sort(names, by_name);
	return g_steal_pointer(&names);
}

static gboolean fail(GError **error, const char *what)
{
	g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, what);
	return FALSE;
}

/* At most @size - 1 bytes of it, and a NUL. */
static gboolean read_all(int fd, char *buffer, gsize size, GError **error)
{
	gsize length = 0;
	gssize got;

	while (length < size && (got = read(fd, buffer + length, size - length)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(error, g_strerror(errno));
		length += got;
	}
	if (length == size)
		return fail(error, "too long: all files together have 8 KiB");
	buffer[length] = '\0';
	if (!g_utf8_validate(buffer, length, NULL))
		return fail(error, "this is not UTF-8 text");
	return TRUE;
}

static char *read_file(const char *path, gsize room, GError **error)
{
	g_autofree char *text = g_malloc(room + 1);
	gboolean done = FALSE;
	struct stat status;
	/* Neither a pipe nor a device holds the daemon up. */
	int fd = g_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);

	if (fd < 0) {
		fail(error, g_strerror(errno));
		return NULL;
	}
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		fail(error, "this is no regular file");
	else
		done = read_all(fd, text, room + 1, error);
	close(fd);
	return done ? g_steal_pointer(&text) : NULL;
}

char **quirk_files_read(const char *directory, char ***problems)
{
	g_autoptr(GPtrArray) files = directory ? files_of(directory) : g_ptr_array_new();
	g_autoptr(GStrvBuilder) texts = g_strv_builder_new();
	g_autoptr(GStrvBuilder) sentences = g_strv_builder_new();
	g_autoptr(wfd_quirk_table) scratch = files->len ? wfd_quirk_table_new() : NULL;
	gsize room = QUIRK_FILES_MAX_TEXT;

	for (guint i = 0; i < files->len; i++) {
		const char *path = g_ptr_array_index(files, i);
		g_autoptr(GError) error = NULL;
		g_autofree char *text = NULL;
		g_autofree char *sentence = NULL;

		if (i < MAX_FILES)
			text = read_file(path, room, &error);
		else
			fail(&error, "there are more than 64 files");
		if (text && wfd_quirk_table_add(scratch, text, &error)) {
			g_strv_builder_add(texts, text);
			room -= strlen(text);
			continue;
		}
		sentence = g_strdup_printf("%s is not used: %s", path, error->message);
		g_strv_builder_add(sentences, sentence);
	}
	*problems = g_strv_builder_end(sentences);
	return g_strv_builder_end(texts);
}
