# processor.awk [-v what=check]: from the measurements of processor
#   table    per number of Services a row for each figure, with the median of each source
#   check    the budget; fails if it is exceeded
function median(figure, services,   count, values, i, k, swap)
{
	count = split(all[figure, services], values, " ")
	for (i = 2; i <= count; i++)
		for (k = i; k > 1 && values[k] + 0 < values[k - 1] + 0; k--) {
			swap = values[k]
			values[k] = values[k - 1]
			values[k - 1] = swap
		}
	return count ? values[int((count + 1) / 2)] : ""
}

{
	source = $1
	sub(/\..*/, "", source)
	name = substr($1, length(source) + 2)
	all[$1, $2] = all[$1, $2] " " $3
	if (!(source in is_source)) {
		is_source[source] = 1
		sources[++source_count] = source
	}
	if (!(name in is_name)) {
		is_name[name] = 1
		names[++name_count] = name
	}
	if (!($2 in is_scale)) {
		is_scale[$2] = 1
		scales[++scale_count] = $2
	}
}

# Counts are shown as they are, instructions and bytes in millions.
function shown(name, value)
{
	if (value == "")
		return "-"
	return name ~ /fresh-pages$/ ? value : sprintf("%.2f", value / 1000000)
}

function print_table(   s, n, o)
{
	for (s = 1; s <= scale_count; s++) {
		printf "%s%-40s", (s > 1 ? "\n" : ""), scales[s] " Services"
		for (o = 1; o <= source_count; o++)
			printf " %12s", sources[o]
		printf "\n"
		for (n = 1; n <= name_count; n++) {
			printf "%-40s", names[n]
			for (o = 1; o <= source_count; o++)
				printf " %12s", shown(names[n], median(sources[o] "." names[n], scales[s]))
			printf "\n"
		}
	}
}

function verdict(text, value, limit)
{
	if (value == "")
		return
	printf "%-12s  %s: %.3g of %.3g\n", (value <= limit ? "ok" : "EXCEEDED"), text, value, limit
	if (value > limit)
		failed = 1
}

function print_check(   s, o, bytes)
{
	for (s = 1; s <= scale_count; s++) {
		for (o = 1; o <= source_count; o++)
			if (median(sources[o] ".verification.processor", scales[s]))
				verdict("a verification at " scales[s] " Services, " sources[o] ", M instructions",
					median(sources[o] ".verification.processor", scales[s]) / 1000000, scales[s] * 0.04)
		bytes = median("json.cold.bytes", scales[s])
		if (bytes && median("protobuf.cold.bytes", scales[s]))
			verdict("protocol buffers at " scales[s] " Services, bytes, times JSON",
				median("protobuf.cold.bytes", scales[s]) / bytes, 0.32)
	}
}

END {
	if (what == "check")
		print_check()
	else
		print_table()
	exit failed
}
