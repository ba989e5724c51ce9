/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kube_slice.h"

#include "lib/base/clock.h"

#define SLICE_SECONDS 0.005

void kube_slice_note(struct kube_slice *slice)
{
	slice->spent = clock_now() - slice->start;
}

void kube_slice_note_decoding(struct kube_slice *slice)
{
	double before = slice->spent;

	kube_slice_note(slice);
	slice->effort.decoding += slice->spent - before;
}

void kube_slice_begin(struct kube_slice *slice)
{
	unsigned int turn = ev_iteration(slice->loop);

	if (slice->turn != turn) {
		slice->turn = turn;
		slice->start = clock_now();
		slice->spent = 0;
	} else {
		kube_slice_note(slice);
	}
	slice->begin = slice->spent;
	slice->decoding_before = slice->effort.decoding;
}

void kube_slice_end(struct kube_slice *slice)
{
	double decoding = slice->effort.decoding - slice->decoding_before;

	kube_slice_note(slice);
	slice->effort.reading += slice->spent - slice->begin - decoding;
}

bool kube_slice_is_over(const struct kube_slice *slice)
{
	return slice->spent > SLICE_SECONDS;
}
