/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfd-ie.h - the Wi-Fi Display information element (WFD v2.1, 5.1)
 *
 * On the air: element 0xDD, length, OUI 50-6F-9A, type 0x0A, then subelements
 * "id(1) length(2, big endian) body"; what does not fit into one element goes
 * on in the next, cut anywhere.  wpa_supplicant's D-Bus interface has only the
 * subelements: property WFDIEs of fi.w1.wpa_supplicant1 (to set ours) and IEs
 * of a Peer (to read theirs).
 */
#pragma once

#include <glib.h>

#include "wfd-error.h"

G_BEGIN_DECLS

#define WFD_DEFAULT_RTSP_PORT 7236

/* Role, bits 1:0 of the device information (Table 20). */
enum wfd_device_role {
	WFD_ROLE_SOURCE = 0,
	WFD_ROLE_PRIMARY_SINK = 1,
	WFD_ROLE_SECONDARY_SINK = 2,
	WFD_ROLE_DUAL = 3,
};

/**
 * struct wfd_ie - what a device says about itself
 * @has_device_info: subelement 0 was there; without it the rest up to
 *	@throughput means nothing
 * @role: enum wfd_device_role
 * @available: bits 5:4 are 01: a session can be made now
 * @coupled_sink_at_source, @coupled_sink_at_sink: supports coupled sinks
 * @service_discovery, @prefers_tdls, @hdcp, @time_sync: bits 6 to 9
 * @no_audio: sink without audio (bit 10)
 * @audio_only: source can do audio-only sessions (bit 11)
 * @rtsp_port: TCP port its RTSP server would listen on; 0 = it has none,
 *	which is right for a sink
 * @throughput: Mbit/s the device can receive or send
 * @has_bssid, @bssid: AP it is associated with (subelement 1)
 * @has_coupled, @coupled_status, @coupled_mac: subelement 6
 * @extended: extended capability bitmap (subelement 7), 0 if absent
 * @has_ipv4, @ipv4: subelement 8, network byte order
 * @has_alternative_mac, @alternative_mac: subelement 10
 * @r2: the device is of release 2 (subelement 11)
 * @r2_role: 0 source, 1 sink, 2 reserved, 3 dual
 * @n_clients: devices listed by a group owner (subelement 9)
 */
struct wfd_ie {
	gboolean has_device_info;
	enum wfd_device_role role;
	gboolean available;
	gboolean coupled_sink_at_source;
	gboolean coupled_sink_at_sink;
	gboolean service_discovery;
	gboolean prefers_tdls;
	gboolean hdcp;
	gboolean time_sync;
	gboolean no_audio;
	gboolean audio_only;
	guint16 rtsp_port;
	guint16 throughput;

	gboolean has_bssid;
	guint8 bssid[6];
	gboolean has_coupled;
	guint8 coupled_status;
	guint8 coupled_mac[6];
	guint16 extended;
	gboolean has_ipv4;
	guint8 ipv4[4];
	gboolean has_alternative_mac;
	guint8 alternative_mac[6];
	gboolean r2;
	guint8 r2_role;
	guint n_clients;
};

/* Bits of @extended. */
#define WFD_EXT_UIBC (1 << 0)
#define WFD_EXT_I2C (1 << 1)
#define WFD_EXT_PREFERRED_MODE (1 << 2)
#define WFD_EXT_STANDBY (1 << 3)

/**
 * wfd_ie_parse - read what a device sent
 * @data: either whole elements (first byte 0xDD, several in a row; elements of
 *	other types between them are stepped over) or bare subelements
 *
 * Unknown subelements and surplus bytes at the end of known ones are skipped.
 * Fails on a length that runs past the end, on a subelement that is too short,
 * and if nothing of WFD was found.
 */
gboolean wfd_ie_parse(const guint8 *data, gsize len, struct wfd_ie *out, GError **error);

/**
 * wfd_ie_build_subelements - bytes for WFDIEs of wpa_supplicant
 *
 * Writes subelement 0 always, and 7, 6, 10, 11 when the fields ask for them.
 * Returns: (transfer full)
 */
GBytes *wfd_ie_build_subelements(const struct wfd_ie *ie);

/**
 * wfd_ie_build - whole elements as they go on the air
 */
GBytes *wfd_ie_build(const struct wfd_ie *ie);

/**
 * wfd_ie_init_source - our own element
 * @rtsp_port: port our RTSP server listens on
 * @throughput: Mbit/s
 *
 * A source that is available; the well-known bytes 00 0006 0010 1c44 00c8
 * for port 7236 and 200 Mbit/s.
 */
void wfd_ie_init_source(struct wfd_ie *ie, guint16 rtsp_port, guint16 throughput);

/**
 * wfd_device_is_connectable_sink - may a source start a session with it now?
 * @why: (out) (optional): static sentence for the user if not
 *
 * Primary sinks and dual-role devices that are available.  Secondary sinks
 * play only the audio of a coupled pair.
 */
gboolean wfd_device_is_connectable_sink(const struct wfd_ie *ie, const char **why);

G_END_DECLS
