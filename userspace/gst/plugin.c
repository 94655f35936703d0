/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * plugin.c - the elements as a plugin, for gst-launch-1.0 and gst-inspect-1.0
 *
 *     GST_PLUGIN_PATH=BUILD/userspace/gst gst-inspect-1.0 wfdtsmux
 *
 * Not installed: miracast-umd has them linked in.
 */
#include "wfdaac51enc.h"
#include "wfdrtppay.h"
#include "wfdtsmux.h"

static gboolean plugin_init(GstPlugin *plugin)
{
	return gst_element_register(plugin, "wfdtsmux", GST_RANK_NONE, WFD_TYPE_TS_MUX) &&
	       gst_element_register(plugin, "wfdrtppay", GST_RANK_NONE, WFD_TYPE_RTP_PAY) &&
	       gst_element_register(plugin, "wfdaac51enc", GST_RANK_NONE, WFD_TYPE_AAC_51_ENC);
}

#define PACKAGE "miracast"

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, wfd, "Wi-Fi Display stream", plugin_init, VERSION,
		  "LGPL", "miracast", "https://www.wi-fi.org/discover-wi-fi/miracast")
