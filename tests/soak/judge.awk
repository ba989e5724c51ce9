# Compares the second half of the samples of `inside` with the first, of which the first fifth does not count: until then
# the agent has not yet seen everything that it keeps. Exit status 1 if there is more of something than may be.

function median(values, count,    i, j, value)
{
	for (i = 2; i <= count; i++) {
		value = values[i]
		for (j = i - 1; j > 0 && values[j] > value; j--)
			values[j + 1] = values[j]
		values[j + 1] = value
	}
	return values[int((count + 1) / 2)]
}

# of a figure in samples FIRST to LAST
function median_of(column, first, last,    i, values)
{
	for (i = first; i <= last; i++)
		values[i - first + 1] = sample[i, column]
	return median(values, last - first + 1)
}

# How much more of it the second half may have, as a share.
function allowance(name)
{
	if (name ~ /KiB$/)
		return 0.03
	# Those that clients have just left: how many, depends on when one looks.
	if (name == "draining")
		return 0.5
	return 0
}

NR == 1 {
	for (column = 1; column <= NF; column++)
		names[column] = $column
	columns = NF
	next
}

{
	for (column = 1; column <= NF; column++) {
		sample[NR - 1, column] = $column
		if (NR == 2 || $column > most[column])
			most[column] = $column
	}
	samples = NR - 1
	for (column = 1; column <= NF; column++)
		last[names[column]] = $column
}

END {
	if (samples < 10) {
		print samples + 0 " samples are too few"
		exit 1
	}
	print command
	printf "%d samples in %d s: %d changes, %d connections made, %d lost, %d misrouted\n\n", samples, last["seconds"],
		last["changes"], last["connections"], last["lost"], last["misrouted"]
	printf "%-18s %10s %10s %10s %10s\n", "median of", "first half", "second", "most", "may grow by"
	for (column = 2; names[column] != "changes"; column++) {
		before = median_of(column, int(samples / 10) + 1, int(samples / 2))
		after = median_of(column, int(samples / 2) + 1, samples)
		grows = after > before * (1 + allowance(names[column]))
		printf "%-18s %10d %10d %10d %10d%%%s\n", names[column], before, after, most[column],
			100 * allowance(names[column]), grows ? "  GROWS" : ""
		failed += grows
	}
	exit failed || last["lost"] || last["misrouted"]
}
