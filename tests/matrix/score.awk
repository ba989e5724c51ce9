# score.awk TRUTH ANSWERS: names each cell of ANSWERS that is not as TRUTH wants it, "failed CELL: WANTED
# but OUTCOME"; then "passed ROUND PASSED CELLS" of each round.
function outcome(   text, i)
{
	for (i = 5; i <= NF; i++)
		text = text (i > 5 ? " " : "") $i
	return text
}

# Whether each answer of wanted is one of actual, which may have more
function includes(actual, wanted,   parts, i, count)
{
	count = split(wanted, parts, " ")
	for (i = 1; i <= count; i++)
		if (index(" " actual " ", " " parts[i] " ") == 0 && parts[i] != "+fail")
			return 0
	return index(actual, "+fail") == 0 || index(wanted, "+fail") != 0
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
	if (actual == wanted || ($1 != "default" && (wanted == "fail" || includes(actual, wanted))))
		passed[$1]++
	else
		print "failed " cell ": " wanted " but " actual
}

END {
	for (round in cells)
		print "passed", round, passed[round] + 0, cells[round]
}
