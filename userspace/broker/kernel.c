// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * /dev/miracast: see kernel.h.
 */
#define G_LOG_DOMAIN "miracastd"

#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reason.h"

struct kernel {
	int fd; /* -1: not open */
	guint64 features; /* MIRACAST_FEATURE_* of what is open */
	char *path;
};

/* "group miracast owns it" for the message; "" when nothing is known. */
static char *describe_owner(const char *path)
{
	char buffer[1024];
	struct group entry, *found = NULL;
	struct stat st;

	if (stat(path, &st) < 0 || !(st.st_mode & S_IRGRP))
		return g_strdup("only root may open it");
	if (getgrgid_r(st.st_gid, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return g_strdup_printf("group %u may open it", st.st_gid);
	return g_strdup_printf("group \"%s\" may open it", found->gr_name);
}

static void set_open_error(GError **error, int err, const char *path)
{
	g_autofree char *owner = NULL;

	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		g_set_error(error, REASON_ERROR, REASON_MODULE_MISSING,
			    "there is no %s: the kernel module miracast is not loaded", path);
		break;
	case EACCES:
	case EPERM:
		owner = describe_owner(path);
		g_set_error(error, REASON_ERROR, REASON_NO_RIGHTS, "no right to open %s: %s", path,
			    owner);
		break;
	case EBUSY:
		g_set_error(error, REASON_ERROR, REASON_OTHER_BROKER,
			    "%s is in use: another broker is running", path);
		break;
	default:
		g_set_error(error, REASON_ERROR, REASON_KERNEL, "cannot open %s: %s", path,
			    g_strerror(err));
	}
}

void kernel_set_error(GError **error, enum kernel_call call, int err, const char *path,
		      guint32 kernel_abi)
{
	if (call == KERNEL_OPEN) {
		set_open_error(error, err, path);
	} else if (call == KERNEL_HELLO && err == EPROTONOSUPPORT) {
		g_set_error(error, REASON_ERROR, REASON_ABI_MISMATCH,
			    "the kernel module speaks version %u of the interface, this daemon version %u",
			    kernel_abi, MIRACAST_ABI_VERSION);
	} else if (call == KERNEL_HELLO && err == ENOTTY) {
		g_set_error(error, REASON_ERROR, REASON_ABI_MISMATCH,
			    "%s does not speak the Miracast interface (version %u)", path,
			    MIRACAST_ABI_VERSION);
	} else if (call == KERNEL_OPEN_SINK && (err == EBUSY || err == ENOENT)) {
		g_set_error_literal(error, REASON_ERROR, REASON_NO_FREE_CONNECTOR,
				    "all virtual connectors are in use");
	} else if (err == ENODEV) {
		g_set_error(error, REASON_ERROR, REASON_MODULE_MISSING,
			    "the driver behind %s has gone", path);
	} else {
		static const char *const names[] = {
			[KERNEL_HELLO] = "HELLO",
			[KERNEL_OPEN_SINK] = "OPEN_SINK",
			[KERNEL_DESTROY_SINK] = "DESTROY_SINK",
		};

		g_set_error(error, REASON_ERROR, REASON_KERNEL, "%s: %s failed: %s", path,
			    names[call], g_strerror(err));
	}
}

/* All of these return at once; only a signal can interrupt them. */
static int call_ioctl(int fd, unsigned long request, void *argument)
{
	int ret;

	do {
		ret = ioctl(fd, request, argument);
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? errno : 0;
}

kernel *kernel_new(const char *path)
{
	kernel *k = g_new0(kernel, 1);

	k->path = g_strdup(path);
	k->fd = -1;
	return k;
}

static void close_device(kernel *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	k->features = 0;
}

gboolean kernel_has_sound(kernel *k)
{
	return (k->features & MIRACAST_FEATURE_SOUND) != 0;
}

gboolean kernel_open(kernel *k, GError **error)
{
	struct miracast_hello hello = {
		.abi_min = MIRACAST_ABI_VERSION,
		.abi_max = MIRACAST_ABI_VERSION,
	};
	int err;

	if (k->fd >= 0)
		return TRUE;
	k->fd = open(k->path, O_RDWR | O_CLOEXEC);
	if (k->fd < 0) {
		kernel_set_error(error, KERNEL_OPEN, errno, k->path, 0);
		return FALSE;
	}
	err = call_ioctl(k->fd, MIRACAST_IOC_HELLO, &hello);
	if (err) {
		close_device(k);
		kernel_set_error(error, KERNEL_HELLO, err, k->path, hello.abi);
		return FALSE;
	}
	k->features = hello.features;
	g_info("%s: version %u, %u targets, features 0x%" G_GINT64_MODIFIER "x", k->path, hello.abi,
	       hello.num_targets, k->features);
	if (!kernel_has_sound(k))
		g_message("%s: the module was built without sound: displays show pictures only", k->path);
	return TRUE;
}

const char *kernel_path(kernel *k)
{
	return k->path;
}

void kernel_free(kernel *k)
{
	if (!k)
		return;
	close_device(k);
	g_free(k->path);
	g_free(k);
}

GArray *kernel_list_targets(kernel *k, GError **error)
{
	struct miracast_target_info info = { .id = 0 };
	GArray *targets;

	if (!kernel_open(k, error))
		return NULL;
	targets = g_array_new(FALSE, FALSE, sizeof(info));
	/* Each is looked for after the one before. What else may fail here fails again, and is told, when one is opened. */
	while (call_ioctl(k->fd, MIRACAST_IOC_NEXT_TARGET, &info) == 0)
		g_array_append_val(targets, info);
	return targets;
}

int kernel_open_sink(kernel *k, guint32 wanted, guint32 *target, GError **error)
{
	struct miracast_open_sink sink = { .target = wanted };
	int err;

	if (!kernel_open(k, error))
		return -1;
	err = call_ioctl(k->fd, MIRACAST_IOC_OPEN_SINK, &sink);
	if (wanted && (err == EBUSY || err == ENOENT)) {
		sink = (struct miracast_open_sink){ .target = 0 };
		err = call_ioctl(k->fd, MIRACAST_IOC_OPEN_SINK, &sink);
	}
	/* What is open is the device of a driver that has gone; the next one may be there. */
	if (err == ENODEV)
		close_device(k);
	if (err) {
		kernel_set_error(error, KERNEL_OPEN_SINK, err, k->path, 0);
		return -1;
	}
	*target = sink.target_opened;
	return sink.fd;
}

gboolean kernel_destroy_sink(kernel *k, guint32 target, GError **error)
{
	struct miracast_destroy_sink destroy = { .target = target };
	int err = call_ioctl(k->fd, MIRACAST_IOC_DESTROY_SINK, &destroy);

	if (err && err != ENOENT) {
		kernel_set_error(error, KERNEL_DESTROY_SINK, err, k->path, 0);
		return FALSE;
	}
	return TRUE;
}
