/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdelements.h - the elements that a session process uses
 *
 * wfdtsmux and wfdrtppay are linked in.  wfdx264enc, where it was built, is a plugin beside the
 * program (wfdx264enc.h says why): in the directory that its file is in, and nowhere else.  Without
 * it, or where GStreamer does not take it, another encoder is used (encoders.h).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * wfd_elements_register() - make them known
 *
 * Call after gst_init(), before elements are made by name or looked for; again does nothing.
 *
 * Return: FALSE if GStreamer refused what is linked in
 */
gboolean wfd_elements_register(void);

G_END_DECLS
