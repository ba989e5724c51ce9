/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SOURCE_SOURCE_EFFORT_H
#define SOURCE_SOURCE_EFFORT_H

/**
 * struct source_effort - seconds that a source kept the loop busy, since its start
 * @reading:     getting hold of the bytes
 * @decoding:    from bytes to objects
 * @delivering:  handing objects on, with what the receiver makes of them at once
 */
struct source_effort {
	double reading;
	double decoding;
	double delivering;
};

#endif
