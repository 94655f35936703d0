/* SPDX-License-Identifier: GPL-2.0-only */
/* Tracepoints have no bodies here; see linux/tracepoint.h. */
