/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_KUBE_SLICE_H
#define SOURCE_KUBE_SLICE_H

#include "lib/source/source_effort.h"

#include <ev.h>
#include <stdbool.h>

/**
 * struct kube_slice - how long answers may be read and decoded in one turn of the loop, and how
 * long that took since the start
 * @loop:    whose turns are meant
 * @effort:  reading without decoding, and decoding
 *
 * The others are the module's own. A turn has one slice, whatever becomes ready in it. A look at
 * the clock takes long on some machines, so that kube_slice_is_over() does not look: it tells how it
 * was at the last kube_slice_note().
 */
struct kube_slice {
	struct ev_loop *loop;
	struct source_effort effort;
	double start;
	double spent; /* seconds, when the clock was looked at last */
	unsigned int turn;
	double begin; /* of the work, as @spent was */
	double decoding_before;
};

/** kube_slice_begin() - work begins, perhaps in a new turn */
void kube_slice_begin(struct kube_slice *slice);

/** kube_slice_end() - work ends; what was not decoding was reading */
void kube_slice_end(struct kube_slice *slice);

/** kube_slice_note() - look at the clock */
void kube_slice_note(struct kube_slice *slice);

/** kube_slice_note_decoding() - look at the clock; since it was looked at last, all was decoding */
void kube_slice_note_decoding(struct kube_slice *slice);

/** kube_slice_is_over() - whether the rest has to wait for the next turn */
bool kube_slice_is_over(const struct kube_slice *slice);

#endif
