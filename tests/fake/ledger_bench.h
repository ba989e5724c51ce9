/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FAKE_LEDGER_BENCH_H
#define FAKE_LEDGER_BENCH_H

#include "fake_kernel.h"

#include <stdint.h>

/**
 * struct ledger_bench - a ledger and a kernel in memory, driven by short texts
 * @text:  what the last step changed, in order: "add A; add A > x; bind A", a refused change with
 *         a '!' behind it; after an observation "N differ" comes first if anything did
 *
 * Virtual servers are capital letters: A and B are VIPs with a TCP port, C another port of A's
 * VIP, S an SCTP port and U a UDP port of it; N is a node port, whose address is the node's own; X
 * lies in an excluded network; Z is a stranger's. Destinations are small letters.
 *
 * What a Service wants is a STATE: "A > x y; B lc > x; B sh > x; C ip > x; bind A; restrict A;
 * masquerade A; close A; open N; exempt A; spare N; allow 1 A"; "ip": the address is the ClusterIP;
 * "close": its other ports are refused; "exempt", "spare": a VIP or NodePort that is not masqueraded;
 * "restrict", "allow": only certain sources may ask, this one may.
 */
struct ledger_bench {
	struct ledger *ledger;
	struct fake_kernel *kernel;
	struct changes *changes;
	uint64_t now;
	char text[1000];
};

void ledger_bench_init(struct ledger_bench *bench);
void ledger_bench_end(struct ledger_bench *bench);

/**
 * ledger_bench_step() - carry out one step
 *
 * SERVICE: STATE         the Service wants that; "young" was created later than all others
 * go                     settle, apply, report
 * restart                forget everything, observe the kernel
 * observe, sweep, drain, retry
 * wait SECONDS, pass NUMBER milliseconds
 * refuse N [CODE]        the Nth change from now on fails, with ENOMEM or CODE
 * connections A > x N    A > x has that many
 * weigh A > x N          somebody sets the weight
 * keep SERVICE           its VIPs stay without it
 * yield A                the VIP is somebody's
 * expire SECONDS         VIPs go that were kept so long
 * others add STATE       somebody does
 * others remove STATE    somebody removes servers without destinations, or destinations
 *
 * Ends the program if it does not understand.
 */
void ledger_bench_step(struct ledger_bench *bench, const char *step);

#define LEDGER_BENCH_STEPS 14

/** ledger_bench_run() - print @what, begin anew and carry out the steps, up to the first NULL */
void ledger_bench_run(const char *what, const char *const steps[LEDGER_BENCH_STEPS],
		      struct ledger_bench *bench);

#endif
