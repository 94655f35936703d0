/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wfdrtppay.h - RTP payloader for the transport stream (RFC 2250, WFD v2.1 App. B)
 *
 * Stock rtpmp2tpay collects transport packets until an RTP packet is full, and so
 * keeps the end of a picture back until the next one comes.  Here every buffer
 * leaves at once, in packets of at most seven transport packets that fit the MTU;
 * a buffer list leaves as one buffer list, which udpsink sends with one call.
 *
 * Payload type 33, 90 kHz.  The RTP time stamp is that of the buffer.
 *
 * Properties beside those of GstRTPBasePayload (mtu, ssrc, seqnum-offset, ...)
 *   end-of-frame-marker   FALSE (default): M=1 where time stamps jump, as RFC 2250
 *                         has it.  TRUE: M=1 on the last packet of a picture, as
 *                         Windows does it.
 */
#pragma once

#include <gst/rtp/gstrtpbasepayload.h>

G_BEGIN_DECLS

#define WFD_TYPE_RTP_PAY (wfd_rtp_pay_get_type())
G_DECLARE_FINAL_TYPE(WfdRtpPay, wfd_rtp_pay, WFD, RTP_PAY, GstRTPBasePayload)

G_END_DECLS
