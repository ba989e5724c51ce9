# time-limit: 900
# Every recorded case of tests/conformance, programmed into this kernel by the agent: the same virtual
# servers, sets, rules, addresses, sysctls and answers as kube-proxy's, but for the intended differences.
# Those with ClientIP affinity once more with kube-proxy's scheduler, where nothing may differ in that.
#
# CONFORMANCE_CASES="NAME ..." runs only these.
set -u

here=$(dirname "$(readlink -f "$0")")
conformance=$here/../../conformance
programs=${KERNEL_TEST_HELPERS%/kernel}/conformance
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
failed=0
# The recorded kernel had it, and a rule depends on it.
modprobe -a br_netfilter ip_vs || exit 1

# programmed NAME RESULT [OPTION...]: result and differences go to a file
programmed()
{
	local name=$1 result=$2 started=${EPOCHREALTIME/[.,]/} elapsed verdict=ok

	shift 2
	if ! unshare -n -m -p --fork --kill-child --mount-proc --propagation private \
		"$conformance/programmed-case" "$@" "$conformance/cases" "$name" \
		</dev/null >"$results/output" 2>&1; then
		verdict=FAILED
		failed=1
		sed 's/^/    /' "$results/output"
	fi
	elapsed=$(((${EPOCHREALTIME/[.,]/} - started) / 10000))
	printf '%s %s %d.%02d s\n' "$verdict" "$result" $((elapsed / 100)) $((elapsed % 100))
	echo "$verdict $(tail -n 1 "$results/output")" >"$results/$result"
}

if [ -n "${CONFORMANCE_CASES:-}" ]; then
	read -r -a names <<<"$CONFORMANCE_CASES"
else
	mapfile -t names < <(cd "$conformance/cases" && printf '%s\n' *)
fi

"$programs/planned_test" "$conformance/cases" >"$results/planned" 2>"$results/planned-errors" || failed=1
for name in "${names[@]}"; do
	programmed "$name" "$name"
	if grep -qs -- ' -p ' "$conformance/cases/$name"/step-*/expect/ipvs.txt; then
		programmed "$name" "$name-inherit" --inherit
	fi
done

ok=0
printf '| %-44s %-8s %-10s %s\n' case planned programmed "intended differences used"
for name in "${names[@]}"; do
	planned=$(awk -v name="$name" '$1 == name && NF >= 2 && ($2 == "ok" || $2 == "FAILED") { print $2 }' \
		"$results/planned")
	for result in "$name" "$name-inherit"; do
		[ -e "$results/$result" ] || continue
		read -r verdict differences <"$results/$result"
		[ "$verdict" = ok ] || differences=
		printf '| %-44s %-8s %-10s %s\n' "$result" "${planned:-missing}" "$verdict" "$differences"
	done
	if [ "${planned:-}" = ok ] && [[ $(<"$results/$name") == ok* ]]; then
		ok=$((ok + 1))
	fi
	[ "${planned:-}" = ok ] || failed=1
done
echo "| $ok of ${#names[@]} cases planned and programmed as recorded"
exit "$failed"
