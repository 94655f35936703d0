/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of the display half share: a monitor plugged in through the
 * sink fd, and a small compositor on the other side of the card.
 */
#ifndef _MIRACAST_KMS_H
#define _MIRACAST_KMS_H

#include <sys/stat.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "miracast_kselftest.h"

#define NS_PER_MS	1000000ULL

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static inline int errno_of(int ret)
{
	return ret < 0 ? -errno : ret;
}

/* --------------------------------------------------------------- monitor */

#define EDID_BLOCK	128

static inline void edid_seal(uint8_t *block)
{
	uint8_t sum = 0;
	int i;

	for (i = 0; i < EDID_BLOCK - 1; i++)
		sum += block[i];
	block[EDID_BLOCK - 1] = (uint8_t)-sum;
}

/*
 * A television: 1280x720 at 60 Hz preferred, and by its CTA extension also
 * 1920x1080 at 60 and 24 Hz, and interlaced at 60 fields.
 */
static inline void edid_make(uint8_t edid[2 * EDID_BLOCK])
{
	static const uint8_t base[] = {
		0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,
		0x35, 0xa3, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00,
		0x01, 0x1e, 0x01, 0x03, 0x80, 0x50, 0x2d, 0x78,
		0x0a, 0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26,
		0x0f, 0x50, 0x54, 0x00, 0x00, 0x00, 0x01, 0x01,
		0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
		0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
		/* 74.25 MHz, 1280 + 370, 720 + 30 */
		0x01, 0x1d, 0x00, 0x72, 0x51, 0xd0, 0x1e, 0x20,
		0x6e, 0x28, 0x55, 0x00, 0x20, 0xc2, 0x31, 0x00,
		0x00, 0x1e,
		0x00, 0x00, 0x00, 0xfc, 0x00, 'M', 'i', 'r', 'a', ' ',
		'T', 'e', 's', 't', '\n', ' ', ' ', ' ',
		0x00, 0x00, 0x00, 0xfd, 0x00, 0x17, 0x3d, 0x0f, 0x44,
		0x0f, 0x00, 0x0a, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
	};
	static const uint8_t cta[] = {
		0x02, 0x03, 0x09, 0x00,
		/* video: 1080p60, 720p60, 1080i60, 1080p24 */
		0x44, 16, 4, 5, 32,
	};

	memset(edid, 0, 2 * EDID_BLOCK);
	memcpy(edid, base, sizeof(base));
	edid[126] = 1;
	edid_seal(edid);
	memcpy(edid + EDID_BLOCK, cta, sizeof(cta));
	edid_seal(edid + EDID_BLOCK);
}

/* Input of MIRACAST_CTL_PLUG. */
struct plug {
	uint8_t data[MIRACAST_MAX_IO_CONTROL];
	uint32_t len;
};

static inline struct miracast_plug *plug_head(struct plug *plug)
{
	return (struct miracast_plug *)plug->data;
}

static inline void plug_make(struct plug *plug,
			     const struct miracast_mode *modes, uint32_t num,
			     const uint8_t *edid, uint32_t edid_len,
			     uint32_t flags)
{
	struct miracast_plug head = {
		.size = sizeof(head), .flags = flags,
		.num_modes = num, .mode_size = sizeof(*modes),
		.edid_len = edid_len, .monitor_type = DRM_MODE_CONNECTOR_HDMIA,
	};

	memcpy(plug->data, &head, sizeof(head));
	plug->len = sizeof(head);
	if (num)
		memcpy(plug->data + plug->len, modes, num * sizeof(*modes));
	plug->len += num * (uint32_t)sizeof(*modes);
	if (edid_len)
		memcpy(plug->data + plug->len, edid, edid_len);
	plug->len += edid_len;
}

/* Another driver whose buffers can be read; the name need not be terminated. */
static inline void plug_add_import(struct plug *plug, const char *driver)
{
	struct miracast_plug head;
	struct miracast_import import;
	size_t len = strlen(driver);

	memset(&import, 0, sizeof(import));
	memcpy(import.driver, driver,
	       len < sizeof(import.driver) ? len : sizeof(import.driver));
	memcpy(&head, plug->data, sizeof(head));
	head.num_imports++;
	head.import_size = sizeof(import);
	memcpy(plug->data, &head, sizeof(head));
	memcpy(plug->data + plug->len, &import, sizeof(import));
	plug->len += (uint32_t)sizeof(import);
}

static inline int sink_plug(int sink, const struct plug *plug)
{
	return sink_io_control(sink, MIRACAST_CTL_PLUG, plug->data, plug->len,
			       NULL, 0, NULL);
}

static inline int sink_unplug(int sink)
{
	return sink_io_control(sink, MIRACAST_CTL_UNPLUG, NULL, 0, NULL, 0,
			       NULL);
}

/* The next message, or a negative errno; waits for it. */
static inline int sink_message(int sink, uint32_t *code, void *payload,
			       size_t size, __u64 *id)
{
	static struct record record;
	struct miracast_message head;
	ssize_t ret;

	if (fd_poll(sink, POLLIN, 10000) <= 0)
		return -ETIMEDOUT;
	ret = sink_read(sink, &record);
	if (ret < 0)
		return (int)ret;
	memcpy(&head, record.data, sizeof(head));
	if (head.len != record.head.len - sizeof(record.head) ||
	    head.len < sizeof(head) || head.len - sizeof(head) > size)
		return -EBADMSG;
	memcpy(payload, record.data + sizeof(head), head.len - sizeof(head));
	*code = head.code;
	*id = record.head.id;

	return 0;
}

/* Wait for a message of this kind and answer it; others are answered, too. */
static inline int sink_expect(int sink, uint32_t wanted, void *payload,
			      size_t size)
{
	uint8_t data[64];
	uint32_t code;
	__u64 id;
	int ret;

	do {
		memset(data, 0, sizeof(data));
		ret = sink_message(sink, &code, data, sizeof(data), &id);
		if (ret)
			return ret;
		ret = (int)sink_reply(sink, id, 0, NULL, 0);
		if (ret < 0)
			return ret;
	} while (code != wanted);
	if (size)
		memcpy(payload, data, size);

	return 0;
}

static inline int sink_acquire(int sink, struct miracast_frame *frame)
{
	/* The rest is not looked at. */
	frame->flags = 0;

	return dev_ioctl(sink, MIRACAST_IOC_ACQUIRE_FRAME, frame);
}

static inline int sink_release(int sink, __u64 seq, int sync_file,
			       uint32_t *flags)
{
	struct miracast_release_frame release = {
		.seq = seq, .sync_file = sync_file,
	};
	int ret = dev_ioctl(sink, MIRACAST_IOC_RELEASE_FRAME, &release);

	if (flags)
		*flags = release.flags;
	return ret;
}

/* @flags receives MIRACAST_BUFFER_*, unless it is NULL. */
static inline int sink_get_flagged_buffer(int sink, __u64 id, __u32 *flags)
{
	struct miracast_get_buffer get = { .buffer_id = id };
	int ret = dev_ioctl(sink, MIRACAST_IOC_GET_BUFFER, &get);

	if (ret)
		return ret;
	if (flags)
		*flags = get.flags;
	return get.num_fds == 1 ? get.fd[0] : -EBADMSG;
}

static inline int sink_get_buffer(int sink, __u64 id)
{
	return sink_get_flagged_buffer(sink, id, NULL);
}

/* ------------------------------------------------------------ compositor */

struct kms {
	struct miracast_target_info target;
	int broker;
	int sink;
	int card;
	uint32_t connector;
	uint32_t crtc;
	uint32_t primary;
	uint32_t cursor;
	drmModeModeInfo mode;
};

struct kms_fb {
	uint32_t width;
	uint32_t height;
	uint32_t pitch;
	uint32_t handle;
	uint32_t id;
	uint64_t size;
	uint32_t *pixels;
};

/* Target number @num of miracast.ko. */
static inline int kms_find(int broker, unsigned int num,
			   struct miracast_target_info *info)
{
	memset(info, 0, sizeof(*info));
	while (!dev_ioctl(broker, MIRACAST_IOC_NEXT_TARGET, info))
		if (!strcmp(info->driver, "miracast") && !num--)
			return 0;

	return -ENOENT;
}

static inline int card_open(uint32_t minor)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/dev/dri/card%u", minor);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	drmSetClientCap(fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1);
	drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1);

	return fd;
}

/* The card of the driver with this name, or a negative errno. */
static inline int card_open_driver(const char *name)
{
	int card, ret = -ENOENT;
	uint32_t minor;

	for (minor = 0; minor < 16 && ret < 0; minor++) {
		drmVersion *version;

		card = card_open(minor);
		version = card < 0 ? NULL : drmGetVersion(card);
		if (version && !strcmp(version->name, name))
			ret = card;
		else if (card >= 0)
			close(card);
		drmFreeVersion(version);
	}

	return ret;
}

/* Value of a property; @id receives the id of the property. */
static inline uint64_t kms_property(int card, uint32_t object, uint32_t type,
				    const char *name, uint32_t *id)
{
	drmModeObjectProperties *all =
		drmModeObjectGetProperties(card, object, type);
	uint64_t value = 0;
	uint32_t i;

	*id = 0;
	for (i = 0; all && i < all->count_props; i++) {
		drmModePropertyRes *one =
			drmModeGetProperty(card, all->props[i]);

		if (one && !strcmp(one->name, name)) {
			*id = one->prop_id;
			value = all->prop_values[i];
		}
		drmModeFreeProperty(one);
	}
	drmModeFreeObjectProperties(all);

	return value;
}

static inline void kms_set(struct kms *kms, drmModeAtomicReq *req,
			   uint32_t object, uint32_t type, const char *name,
			   uint64_t value)
{
	uint32_t id;

	kms_property(kms->card, object, type, name, &id);
	drmModeAtomicAddProperty(req, object, id, value);
}

static inline void kms_set_connector(struct kms *kms, drmModeAtomicReq *req,
				     const char *name, uint64_t value)
{
	kms_set(kms, req, kms->connector, DRM_MODE_OBJECT_CONNECTOR, name, value);
}

static inline void kms_set_crtc(struct kms *kms, drmModeAtomicReq *req,
				const char *name, uint64_t value)
{
	kms_set(kms, req, kms->crtc, DRM_MODE_OBJECT_CRTC, name, value);
}

static inline void kms_set_plane(struct kms *kms, drmModeAtomicReq *req,
				 uint32_t plane, const char *name,
				 uint64_t value)
{
	kms_set(kms, req, plane, DRM_MODE_OBJECT_PLANE, name, value);
}

static inline bool kms_find_plane(struct kms *kms, uint32_t crtc_mask,
				  uint64_t type, uint32_t *plane)
{
	drmModePlaneRes *planes = drmModeGetPlaneResources(kms->card);
	uint32_t i, id;

	*plane = 0;
	for (i = 0; planes && i < planes->count_planes; i++) {
		drmModePlane *one = drmModeGetPlane(kms->card, planes->planes[i]);

		if (one && one->possible_crtcs == crtc_mask &&
		    kms_property(kms->card, one->plane_id,
				 DRM_MODE_OBJECT_PLANE, "type", &id) == type)
			*plane = one->plane_id;
		drmModeFreePlane(one);
	}
	drmModeFreePlaneResources(planes);

	return *plane;
}

/* The pipe that belongs to kms->connector. */
static inline bool kms_find_pipe(struct kms *kms)
{
	drmModeRes *res = drmModeGetResources(kms->card);
	drmModeConnector *connector =
		drmModeGetConnectorCurrent(kms->card, kms->connector);
	drmModeEncoder *encoder = NULL;
	bool found = false;
	int i;

	if (connector && connector->count_encoders == 1)
		encoder = drmModeGetEncoder(kms->card, connector->encoders[0]);
	for (i = 0; res && encoder && i < res->count_crtcs; i++) {
		if (encoder->possible_crtcs != 1U << i)
			continue;
		kms->crtc = res->crtcs[i];
		found = kms_find_plane(kms, 1U << i, DRM_PLANE_TYPE_PRIMARY,
				       &kms->primary) &&
			kms_find_plane(kms, 1U << i, DRM_PLANE_TYPE_CURSOR,
				       &kms->cursor);
	}
	drmModeFreeEncoder(encoder);
	drmModeFreeConnector(connector);
	drmModeFreeResources(res);

	return found;
}

static inline drmModeConnection kms_status(struct kms *kms)
{
	drmModeConnector *connector =
		drmModeGetConnector(kms->card, kms->connector);
	drmModeConnection status = DRM_MODE_UNKNOWNCONNECTION;

	if (connector)
		status = connector->connection;
	drmModeFreeConnector(connector);

	return status;
}

/* The mode of this size and rate, in Hz; false if it is not offered. */
static inline bool kms_find_mode(struct kms *kms, uint32_t width,
				 uint32_t height, uint32_t hz,
				 drmModeModeInfo *mode)
{
	drmModeConnector *connector =
		drmModeGetConnector(kms->card, kms->connector);
	bool found = false;
	int i;

	memset(mode, 0, sizeof(*mode));
	for (i = 0; connector && !found && i < connector->count_modes; i++) {
		if (connector->modes[i].hdisplay == width &&
		    connector->modes[i].vdisplay == height &&
		    connector->modes[i].vrefresh == hz) {
			*mode = connector->modes[i];
			found = true;
		}
	}
	drmModeFreeConnector(connector);

	return found;
}

static inline int kms_fb_from_handle(struct kms *kms, struct kms_fb *fb,
				     uint32_t format)
{
	uint32_t handles[4] = { fb->handle }, pitches[4] = { fb->pitch };
	uint32_t offsets[4] = {};

	return errno_of(drmModeAddFB2(kms->card, fb->width, fb->height, format,
				      handles, pitches, offsets, &fb->id, 0));
}

/* A buffer in memory, filled with @pixel. */
static inline int kms_fb_create(struct kms *kms, struct kms_fb *fb,
				uint32_t width, uint32_t height,
				uint32_t format, uint32_t pixel)
{
	struct drm_mode_create_dumb create = {
		.width = width, .height = height, .bpp = 32,
	};
	struct drm_mode_map_dumb map = {};
	uint64_t i;
	int ret;

	ret = dev_ioctl(kms->card, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	if (ret)
		return ret;
	*fb = (struct kms_fb) {
		.width = width, .height = height, .pitch = create.pitch,
		.handle = create.handle, .size = create.size,
	};
	map.handle = create.handle;
	ret = dev_ioctl(kms->card, DRM_IOCTL_MODE_MAP_DUMB, &map);
	if (ret)
		return ret;
	fb->pixels = mmap(NULL, fb->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  kms->card, (off_t)map.offset);
	if (fb->pixels == MAP_FAILED)
		return -errno;
	for (i = 0; i < fb->size / 4; i++)
		fb->pixels[i] = pixel;

	return kms_fb_from_handle(kms, fb, format);
}

static inline void kms_fb_destroy(struct kms *kms, struct kms_fb *fb)
{
	struct drm_mode_destroy_dumb destroy = { .handle = fb->handle };

	drmModeRmFB(kms->card, fb->id);
	if (fb->pixels)
		munmap(fb->pixels, fb->size);
	dev_ioctl(kms->card, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
}

static inline void kms_set_picture(struct kms *kms, drmModeAtomicReq *req,
				   const struct kms_fb *fb)
{
	uint32_t width = kms->mode.hdisplay, height = kms->mode.vdisplay;

	kms_set_plane(kms, req, kms->primary, "FB_ID", fb->id);
	kms_set_plane(kms, req, kms->primary, "CRTC_ID", kms->crtc);
	kms_set_plane(kms, req, kms->primary, "SRC_X", 0);
	kms_set_plane(kms, req, kms->primary, "SRC_Y", 0);
	kms_set_plane(kms, req, kms->primary, "SRC_W", (uint64_t)width << 16);
	kms_set_plane(kms, req, kms->primary, "SRC_H", (uint64_t)height << 16);
	kms_set_plane(kms, req, kms->primary, "CRTC_X", 0);
	kms_set_plane(kms, req, kms->primary, "CRTC_Y", 0);
	kms_set_plane(kms, req, kms->primary, "CRTC_W", width);
	kms_set_plane(kms, req, kms->primary, "CRTC_H", height);
}

static inline int kms_commit(struct kms *kms, drmModeAtomicReq *req,
			     uint32_t flags)
{
	int ret = -ENODEV;

	/* For libdrm an empty request succeeds: a card that is gone has no properties. */
	if (drmModeAtomicGetCursor(req))
		ret = drmModeAtomicCommit(kms->card, req, flags, NULL);

	drmModeAtomicFree(req);

	return ret;
}

/* Set kms->mode and show @fb, or would, if the CRTC is not @active. */
static inline int kms_modeset_active(struct kms *kms, const struct kms_fb *fb,
				     bool active, uint32_t flags)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint32_t blob = 0;
	int ret;

	drmModeCreatePropertyBlob(kms->card, &kms->mode, sizeof(kms->mode),
				  &blob);
	kms_set_connector(kms, req, "CRTC_ID", kms->crtc);
	kms_set_crtc(kms, req, "MODE_ID", blob);
	kms_set_crtc(kms, req, "ACTIVE", active);
	kms_set_picture(kms, req, fb);
	ret = kms_commit(kms, req, flags | DRM_MODE_ATOMIC_ALLOW_MODESET);
	drmModeDestroyPropertyBlob(kms->card, blob);

	return ret;
}

static inline int kms_modeset_flags(struct kms *kms, const struct kms_fb *fb,
				    uint32_t flags)
{
	return kms_modeset_active(kms, fb, true, flags);
}

static inline int kms_modeset(struct kms *kms, const struct kms_fb *fb)
{
	return kms_modeset_active(kms, fb, true, 0);
}

static inline int kms_modeset_inactive(struct kms *kms, const struct kms_fb *fb)
{
	return kms_modeset_active(kms, fb, false, 0);
}

static inline int kms_set_active(struct kms *kms, bool active)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	kms_set_crtc(kms, req, "ACTIVE", active);

	return kms_commit(kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET);
}

static inline int kms_disable(struct kms *kms)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	kms_set_plane(kms, req, kms->primary, "FB_ID", 0);
	kms_set_plane(kms, req, kms->primary, "CRTC_ID", 0);
	kms_set_plane(kms, req, kms->cursor, "FB_ID", 0);
	kms_set_plane(kms, req, kms->cursor, "CRTC_ID", 0);
	kms_set_connector(kms, req, "CRTC_ID", 0);
	kms_set_crtc(kms, req, "MODE_ID", 0);
	kms_set_crtc(kms, req, "ACTIVE", 0);

	return kms_commit(kms, req, DRM_MODE_ATOMIC_ALLOW_MODESET);
}

/* Show @fb, with an event when it is shown. */
static inline int kms_flip(struct kms *kms, const struct kms_fb *fb)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	kms_set_plane(kms, req, kms->primary, "FB_ID", fb->id);

	return kms_commit(kms, req, DRM_MODE_ATOMIC_NONBLOCK |
				    DRM_MODE_PAGE_FLIP_EVENT);
}

/* The same at once, with what has changed in it. */
static inline int kms_flip_damaged(struct kms *kms, const struct kms_fb *fb,
				   const struct drm_mode_rect *rects,
				   uint32_t num)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();
	uint32_t blob = 0;
	int ret;

	drmModeCreatePropertyBlob(kms->card, rects, num * sizeof(*rects), &blob);
	kms_set_plane(kms, req, kms->primary, "FB_ID", fb->id);
	kms_set_plane(kms, req, kms->primary, "FB_DAMAGE_CLIPS", blob);
	ret = kms_commit(kms, req, 0);
	drmModeDestroyPropertyBlob(kms->card, blob);

	return ret;
}

/* Show @fb as the cursor, with its top left corner there. */
static inline int kms_set_cursor(struct kms *kms, const struct kms_fb *fb,
				 int32_t x, int32_t y, uint32_t flags)
{
	drmModeAtomicReq *req = drmModeAtomicAlloc();

	kms_set_plane(kms, req, kms->cursor, "FB_ID", fb->id);
	kms_set_plane(kms, req, kms->cursor, "CRTC_ID", kms->crtc);
	kms_set_plane(kms, req, kms->cursor, "SRC_X", 0);
	kms_set_plane(kms, req, kms->cursor, "SRC_Y", 0);
	kms_set_plane(kms, req, kms->cursor, "SRC_W", (uint64_t)fb->width << 16);
	kms_set_plane(kms, req, kms->cursor, "SRC_H", (uint64_t)fb->height << 16);
	kms_set_plane(kms, req, kms->cursor, "CRTC_X", (uint64_t)(int64_t)x);
	kms_set_plane(kms, req, kms->cursor, "CRTC_Y", (uint64_t)(int64_t)y);
	kms_set_plane(kms, req, kms->cursor, "CRTC_W", fb->width);
	kms_set_plane(kms, req, kms->cursor, "CRTC_H", fb->height);

	return kms_commit(kms, req, flags);
}

/* From one vertical blank to the next. */
static inline uint64_t kms_period_ns(const struct kms *kms)
{
	return 1000000ULL * kms->mode.htotal * kms->mode.vtotal /
	       kms->mode.clock;
}

/* When the flip was complete, by its event, in ns; 0: none came. */
static inline uint64_t kms_wait_flip(struct kms *kms, int timeout_ms)
{
	struct drm_event_vblank event;

	if (fd_poll(kms->card, POLLIN, timeout_ms) <= 0 ||
	    read(kms->card, &event, sizeof(event)) != sizeof(event) ||
	    event.base.type != DRM_EVENT_FLIP_COMPLETE)
		return 0;

	return event.tv_sec * 1000000000ULL + event.tv_usec * 1000ULL;
}

/* Has the platform driver "bind" or "unbind" its device; 0 or a negative errno. */
static inline int kms_driver(const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/miracast/%s",
		 what);

	return write_words(path, "miracast");
}

/* udev makes the node of a card in a moment. */
static inline bool kms_card_there(const struct miracast_target_info *info)
{
	int tries, card;

	for (tries = 0; tries < 100; tries++) {
		card = card_open(info->card_minor);
		close(card);
		if (card >= 0)
			return true;
		sleep_ms(50);
	}

	return false;
}

/* --------------------------------------------------------------- fixture */

/* A session on the first target, started, and nothing plugged in. */
static inline void kms_open(struct __test_metadata *_metadata, struct kms *kms)
{
	kms->sink = -1;
	kms->card = -1;
	kms->broker = broker_open();
	ASSERT_LE(0, kms->broker);
	ASSERT_EQ(0, broker_hello(kms->broker));
	ASSERT_EQ(0, kms_find(kms->broker, 0, &kms->target));
	kms->sink = broker_open_sink(kms->broker, kms->target.id,
				     MIRACAST_OPEN_NONBLOCK);
	ASSERT_LE(0, kms->sink);
	ASSERT_EQ(0, sink_start(kms->sink));
	kms->card = card_open(kms->target.card_minor);
	ASSERT_LE(0, kms->card);
	kms->connector = kms->target.connector_id;
	ASSERT_TRUE(kms_find_pipe(kms));
}

static inline void kms_close(struct kms *kms)
{
	close(kms->card);
	close(kms->sink);
	close(kms->broker);
}

/* Plug in the television, with 1280x720 at 60 Hz to be set. */
static inline void kms_plug(struct __test_metadata *_metadata, struct kms *kms,
			    uint32_t flags)
{
	uint8_t edid[2 * EDID_BLOCK];
	static struct plug plug;

	edid_make(edid);
	plug_make(&plug, NULL, 0, edid, sizeof(edid), flags);
	ASSERT_EQ(0, sink_plug(kms->sink, &plug));
	ASSERT_EQ(DRM_MODE_CONNECTED, kms_status(kms));
	ASSERT_TRUE(kms_find_mode(kms, 1280, 720, 60, &kms->mode));
}

#endif /* _MIRACAST_KMS_H */
