/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AGENT_MISSING_SCHEDULERS_H
#define AGENT_MISSING_SCHEDULERS_H

#include "lib/plan/changes.h"

/**
 * missing_schedulers() - those for want of which the kernel refused virtual servers
 * @changes:  applied, with their results
 *
 * Linux answers ENOENT if it finds no module for the scheduler, and in no other case when a virtual
 * server is added or edited. Source: net/netfilter/ipvs/ip_vs_ctl.c
 *
 * Return: a bit for each number of lib/objects/scheduler.h
 */
uint32_t missing_schedulers(const struct changes *changes);

#endif
