/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_json.h"

#include "lib/base/memory.h"

json_t *report_number(uint64_t number)
{
	return json_integer((json_int_t)number);
}

char *report_complaint(const struct rejection *rejection)
{
	return string_printf("%s%s", rejection->is_partial ? "left out: " : "", rejection->reason);
}
