// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The layer "files", by Landlock: see sandbox.h.
 *
 * The kernel's header may be older than the kernel: what is newer than ABI 1 is
 * declared here, as Documentation/userspace-api/landlock.rst has it.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/landlock.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define FS_REFER (1ULL << 13)
#define FS_TRUNCATE (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_ALL 3ULL   /* bind and connect of TCP */
#define SCOPE_ALL 3ULL /* abstract UNIX sockets, signals */

/* The newest one that is made use of. */
#define NEWEST_ABI 6

struct ruleset {
	guint64 fs;
	guint64 net;
	guint64 scope;
};

/* All bits of ABI 1; then what each later one has added. */
#define FS_ABI_1 ((1ULL << 13) - 1)
#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RUN (READ | LANDLOCK_ACCESS_FS_EXECUTE)
#define USE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_IOCTL_DEV)
#define KEEP (READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | \
	      LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE)
/* What a file, and not a directory, can be given. */
#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | \
		  LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct sandbox_files {
	int ruleset;
	int abi;
	guint64 handled;
};

/* Libraries, plug-ins and what they look up; links among them lead to others. */
static const char *const readable[] = {
	"/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64",
	"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
	"/etc/localtime", "/usr/share/zoneinfo",
	"/usr/share/gstreamer-1.0", "/usr/share/drirc.d", "/etc/drirc", "/usr/share/libdrm",
	"/usr/share/glvnd", "/etc/glvnd", "/usr/share/vulkan", "/etc/vulkan", "/usr/share/nvidia",
	"/etc/libva.conf", "/usr/share/libva",
	/* What is known of encoders holds until the next boot. */
	"/proc/sys/kernel/random/boot_id",
	/* Which drivers' cards there are: the buffers of some show old pictures (imports.h). */
	"/sys/class/drm",
	"/sys/devices/system/cpu/online", "/sys/devices/system/cpu/possible",
};

/* GStreamer's scanner, where a distribution may have put it. */
static const char *const runnable[] = { "/usr/lib", "/usr/lib64", "/usr/libexec" };

/* With a graphics card, or a video device: which ones there are; see also allow_sysfs(). */
static const char *const of_devices[] = { "/sys/dev/char", "/sys/class/video4linux", "/run/udev/data" };
/* It is not in the classes of /sys. */
static const char *const of_nvidia[] = {
	"/sys", "/proc/driver/nvidia", "/proc/devices", "/proc/modules",
};

static const char *const plain_devices[] = { "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom" };

/* Paths that whoever started the daemon has added to what libraries look at. */
static const char *const path_variables[] = {
	"LD_LIBRARY_PATH", "LIBVA_DRIVERS_PATH", "GST_PLUGIN_PATH", "GST_PLUGIN_PATH_1_0",
	"GST_PLUGIN_SYSTEM_PATH", "GST_PLUGIN_SYSTEM_PATH_1_0", "GST_REGISTRY", "GST_REGISTRY_1_0",
};

/* What is not there needs no rule. */
static void allow_fd(sandbox_files *files, int fd, guint64 access)
{
	struct landlock_path_beneath_attr rule = { .parent_fd = fd };
	struct stat about;

	if (fstat(fd, &about) < 0)
		return;
	rule.allowed_access = access & files->handled;
	if (!S_ISDIR(about.st_mode))
		rule.allowed_access &= OF_FILES;
	if (rule.allowed_access)
		syscall(SYS_landlock_add_rule, files->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void allow(sandbox_files *files, const char *path, guint64 access)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	allow_fd(files, fd, access);
	close(fd);
}

static void allow_all(sandbox_files *files, const char *const *paths, guint n, guint64 access)
{
	for (guint i = 0; i < n; i++)
		allow(files, paths[i], access);
}

static void allow_variables(sandbox_files *files)
{
	for (guint i = 0; i < G_N_ELEMENTS(path_variables); i++) {
		g_auto(GStrv) paths = g_strsplit(g_getenv(path_variables[i]) ?: "", ":", -1);

		for (char **path = paths; *path; path++) {
			if (g_path_is_absolute(*path))
				allow(files, *path, READ);
		}
	}
}

/* The program, what is installed beside it for it, and the dynamic loader that the kernel opens for it. */
static void allow_program(sandbox_files *files, const char *program)
{
	static const char *const loaders[] = { "/lib/ld-*.so*", "/lib64/ld-*.so*", "/lib/*/ld-*.so*" };
	g_autofree char *directory = g_path_get_dirname(program);

	allow(files, program, RUN);
	allow(files, directory, READ);
	for (guint i = 0; i < G_N_ELEMENTS(loaders); i++) {
		glob_t found;

		if (glob(loaders[i], 0, NULL, &found) == 0) {
			for (gsize j = 0; j < found.gl_pathc; j++)
				allow(files, found.gl_pathv[j], RUN);
			globfree(&found);
		}
	}
}

/*
 * A video device that encodes, as those of small computers do: it takes and gives
 * pictures.  One at USB is a camera, and is not even opened, since that may wake it.
 */
static gboolean is_encoder(const char *path, const struct stat *about)
{
	g_autofree char *link = g_strdup_printf("/sys/dev/char/%u:%u", major(about->st_rdev),
						minor(about->st_rdev));
	g_autofree char *device = realpath(link, NULL);
	struct v4l2_capability capability = { 0 };
	gboolean is = FALSE;
	int fd;

	if (!device || strstr(device, "/usb"))
		return FALSE;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return FALSE;
	if (ioctl(fd, VIDIOC_QUERYCAP, &capability) == 0)
		is = capability.device_caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
	close(fd);
	return is;
}

static void add_group(GArray *groups, gid_t group)
{
	for (guint i = 0; i < groups->len; i++) {
		if (g_array_index(groups, gid_t, i) == group)
			return;
	}
	if (group)
		g_array_append_val(groups, group);
}

/* What its driver's user space half asks about one device: not about the network's, say. */
static void allow_sysfs(sandbox_files *files, const struct stat *about)
{
	g_autofree char *link = g_strdup_printf("/sys/dev/char/%u:%u/device", major(about->st_rdev),
						minor(about->st_rdev));
	g_autofree char *device = realpath(link, NULL);

	if (device)
		allow(files, device, READ);
}

enum kind { KIND_RENDER, KIND_NVIDIA, KIND_VIDEO, KIND_MEMORY };

/*
 * What only its group may use, and not root alone.  The group of video devices has cameras,
 * too: without rules about files it would be given those.
 */
static gboolean wants_group(const sandbox_files *files, const struct stat *about, enum kind kind)
{
	return about->st_mode & S_IWGRP && (files || kind != KIND_VIDEO);
}

static void allow_devices(sandbox_files *files, const char *pattern, enum kind kind,
			  struct sandbox_devices *devices)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (gsize i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		struct stat about;

		if (stat(path, &about) < 0 || !S_ISCHR(about.st_mode) ||
		    (kind == KIND_VIDEO && !is_encoder(path, &about)))
			continue;
		if (files) {
			allow(files, path, USE);
			allow_sysfs(files, &about);
		}
		if (wants_group(files, &about, kind))
			add_group(devices->groups, about.st_gid);
		devices->graphics |= kind == KIND_RENDER || kind == KIND_NVIDIA;
		/* Without rules cameras cannot be told apart: then no calls to any. */
		devices->video |= kind == KIND_VIDEO && files;
		devices->nvidia |= kind == KIND_NVIDIA;
		devices->memory |= kind == KIND_MEMORY;
	}
	globfree(&found);
}

/* What there is to know of cards whose nodes are not for us: a desktop draws with them (imports.h). */
static void allow_cards(sandbox_files *files)
{
	glob_t found;

	if (glob("/dev/dri/card*", 0, NULL, &found) != 0)
		return;
	for (gsize i = 0; i < found.gl_pathc; i++) {
		struct stat about;

		if (stat(found.gl_pathv[i], &about) == 0 && S_ISCHR(about.st_mode))
			allow_sysfs(files, &about);
	}
	globfree(&found);
}

static void look_for_devices(sandbox_files *files, const struct sandbox_config *config,
			     struct sandbox_devices *devices)
{
	allow_devices(files, "/dev/dri/renderD*", KIND_RENDER, devices);
	allow_devices(files, "/dev/nvidia*", KIND_NVIDIA, devices);
	allow_devices(files, "/dev/nvidia-caps/*", KIND_NVIDIA, devices);
	allow_devices(files, "/dev/video*", KIND_VIDEO, devices);
	/*
	 * Pictures for a card's import, of who tests it. It is in a group with what else that may use, as
	 * virtual machines: without rules about files it would be given those.
	 */
	if (files && config->maintains && devices->graphics)
		allow_devices(files, "/dev/udmabuf", KIND_MEMORY, devices);
}

static void make_rules(sandbox_files *files, const struct sandbox_config *config,
		       struct sandbox_devices *devices)
{
	allow_all(files, readable, G_N_ELEMENTS(readable), READ);
	allow_all(files, plain_devices, G_N_ELEMENTS(plain_devices), USE);
	allow_cards(files);
	allow_variables(files);
	allow_program(files, config->program);
	if (devices->graphics)
		allow(files, "/dev/dri", LANDLOCK_ACCESS_FS_READ_DIR);
	if (devices->graphics || devices->video)
		allow_all(files, of_devices, G_N_ELEMENTS(of_devices), READ);
	if (devices->nvidia)
		allow_all(files, of_nvidia, G_N_ELEMENTS(of_nvidia), READ);
	if (config->maintains) {
		/* Scanning a plug-in is to run it, and some look for fonts and the like. */
		allow(files, "/usr/share", READ);
		allow_all(files, runnable, G_N_ELEMENTS(runnable), RUN);
	}
}

static struct ruleset ruleset_of(int abi)
{
	struct ruleset ruleset = { .fs = FS_ABI_1 };

	if (abi >= 2)
		ruleset.fs |= FS_REFER;
	if (abi >= 3)
		ruleset.fs |= FS_TRUNCATE;
	if (abi >= 4)
		ruleset.net = NET_ALL;
	if (abi >= 5)
		ruleset.fs |= FS_IOCTL_DEV;
	if (abi >= 6)
		ruleset.scope = SCOPE_ALL;
	return ruleset;
}

static gsize size_of(int abi)
{
	return abi >= 6 ? sizeof(struct ruleset) : abi >= 4 ? 2 * sizeof(guint64) : sizeof(guint64);
}

/* What a kernel answers that was built, or started, without it. */
static gboolean is_without(int error)
{
	return error == ENOSYS || error == EOPNOTSUPP;
}

gboolean sandbox_files_prepare(const struct sandbox_config *config, struct sandbox_devices *devices,
			       sandbox_files **prepared, struct sandbox_report *report, GError **error)
{
	g_autoptr(sandbox_files) files = g_new0(sandbox_files, 1);
	struct ruleset ruleset;

	files->ruleset = -1;
	files->abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (files->abi < 0 && is_without(errno)) {
		report->missing[SANDBOX_FILES] =
			g_strdup_printf("this kernel runs without Landlock (%s)", g_strerror(errno));
		look_for_devices(NULL, config, devices);
		return TRUE;
	}
	if (files->abi >= 0) {
		files->abi = MIN(files->abi, NEWEST_ABI);
		ruleset = ruleset_of(files->abi);
		files->handled = ruleset.fs;
		files->ruleset = syscall(SYS_landlock_create_ruleset, &ruleset, size_of(files->abi), 0);
	}
	if (files->ruleset < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "Landlock: %s",
			    g_strerror(errno));
		return FALSE;
	}
	look_for_devices(files, config, devices);
	make_rules(files, config, devices);
	*prepared = g_steal_pointer(&files);
	return TRUE;
}

/*
 * GStreamer's part and that of encoders.h, and no more of what may be a person's cache.
 * Made by whom they belong to; the directory around them is there, or root makes it.
 */
static void allow_cache(sandbox_files *files, const struct sandbox_config *config)
{
	static const char *const parts[] = { "gstreamer-1.0", "miracast" };

	for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(config->cache, parts[i], NULL);

		if (config->maintains)
			g_mkdir_with_parents(path, 0755);
		allow(files, path, config->maintains ? KEEP : READ);
	}
}

gboolean sandbox_files_enter(sandbox_files *files, const struct sandbox_config *config,
			     struct sandbox_report *report, GError **error)
{
	if (config->cache)
		allow_cache(files, config);
	if (syscall(SYS_landlock_restrict_self, files->ruleset, 0) < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno), "Landlock: %s",
			    g_strerror(errno));
		return FALSE;
	}
	report->has[SANDBOX_FILES] = g_strdup_printf("Landlock %d", files->abi);
	return TRUE;
}

void sandbox_files_free(sandbox_files *files)
{
	if (!files)
		return;
	if (files->ruleset >= 0)
		close(files->ruleset);
	g_free(files);
}
