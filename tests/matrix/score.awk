# score.awk [-v by_rules=1] TRUTH ANSWERS: names each cell of ANSWERS that is not as TRUTH wants it,
# "failed CELL: WANTED but OUTCOME"; then "passed ROUND PASSED CELLS" of each round. With by_rules TRUTH is
# what rules.awk says.
function outcome(   text, i)
{
	for (i = 5; i <= NF; i++)
		text = text (i > 5 ? " " : "") $i
	return text
}

function has(words, word)
{
	return index(" " words " ", " " word " ") > 0
}

# Whether each answer of wanted is one of actual, which may have more
function includes(actual, wanted,   parts, i, count)
{
	count = split(wanted, parts, " ")
	for (i = 1; i <= count; i++)
		if (!has(actual, parts[i]) && parts[i] != "+fail")
			return 0
	return index(actual, "+fail") == 0 || index(wanted, "+fail") != 0
}

# Whether nothing is missing but what is in parentheses, and there is nothing else
function follows(actual, wanted,   parts, i, count, may_fail)
{
	count = split(wanted, parts, " ")
	for (i = 1; i <= count; i++)
		if (parts[i] ~ /^\(/)
			may_fail = 1
		else if (!has(actual, parts[i]))
			return 0
	count = split(actual, parts, " ")
	for (i = 1; i <= count; i++)
		if (!has(wanted, parts[i]) && !has(wanted, "(" parts[i] ")") &&
			!(may_fail && parts[i] ~ /^\+?fail$/))
			return 0
	return count > 0
}

function agrees(round, actual, wanted)
{
	if (by_rules)
		return follows(actual, wanted)
	return actual == wanted || (round != "default" && (wanted == "fail" || includes(actual, wanted)))
}

{ cell = $1 " " $2 " " $3 " " $4 }

NR == FNR {
	truth[cell] = outcome()
	next
}

{
	actual = outcome()
	wanted = truth[cell]
	cells[$1]++
	if (agrees($1, actual, wanted))
		passed[$1]++
	else
		print "failed " cell ": " wanted " but " actual
}

END {
	for (round in cells)
		print "passed", round, passed[round] + 0, cells[round]
}
