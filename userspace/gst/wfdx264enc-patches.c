// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Pictures of which little is new, without libx264: see wfdx264enc-private.h, and h264-patch.h for what is written.
 */
#include "wfdx264enc-private.h"

#include "h264-order.h"

/* Part of what a picture may have that a patch may: libx264 needs a tenth of the bits. */
#define PATCH_PART 3

void wfd_x264_enc_begin_patches(WfdX264Enc *self)
{
	GST_OBJECT_LOCK(self);
	if (self->patches && self->slices == 1)
		self->reference = picture_reference_new(&self->input->info);
	GST_OBJECT_UNLOCK(self);
	self->patch = (struct h264_patch){ 0 };
	self->between = 0;
}

gboolean wfd_x264_enc_write_patch(WfdX264Enc *self, GstVideoCodecFrame *frame, const GstVideoFrame *input)
{
	g_autoptr(GByteArray) out = NULL;
	guint most, found;
	gsize size;

	if (!self->reference || self->between == H264_ORDER_MOST_BETWEEN ||
	    !wfd_x264_enc_x264_is_full(self) || !g_atomic_int_get(&self->settled))
		return FALSE;
	picture_reference_keep(self->reference, input, self->mb_info);
	most = MIN(wfd_x264_enc_picture_share(self) / PATCH_PART, wfd_x264_enc_bits_at_hand(self)) / H264_PATCH_BITS;
	found = picture_reference_look(self->reference, input, self->mb_info, most);
	if (found > most)
		return FALSE;
	out = g_byte_array_sized_new(64 + found * H264_PATCH_BITS / 8);
	if (!h264_patch_write(&self->patch, self->number, input, picture_reference_different(self->reference), out))
		return FALSE;
	size = out->len;
	self->between++;
	wfd_x264_enc_spend(self, size * 8.0);
	frame->output_buffer = gst_buffer_new_wrapped(g_byte_array_free(g_steal_pointer(&out), FALSE), size);
	return TRUE;
}

void wfd_x264_enc_take_patches(WfdX264Enc *self, gboolean known)
{
	const guint8 *different;

	if (!self->reference)
		return;
	different = picture_reference_different(self->reference);
	for (guint at = 0; known && at < mb_count(self); at++)
		self->mb_info[at] = different[at] ? 0 : self->mb_info[at];
	picture_reference_encoded(self->reference, known ? self->mb_info : NULL);
	self->between = 0;
}
