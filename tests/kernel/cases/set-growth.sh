#!/bin/bash
# time-limit: 90
# A set that is about to be full is replaced by a larger one while traffic flows; kube-proxy's sets are
# adopted as they are.
. "$(dirname "$0")/../lib.sh"

# services FIRST LAST: Services without endpoints, which need one member each
services()
{
	local i

	for ((i = $1; i <= $2; i++)); do
		printf '%s\n' --- "apiVersion: v1" "kind: Service" "metadata: {name: s$i, namespace: default}" \
			"spec:" "  clusterIP: 10.100.$((i / 250)).$((i % 250 + 1))" "  ports: [{port: 80}]"
	done
}

# header SET: how it was made; each new set has another initval. Only listing all members would disturb those
# who want to replace the set.
header()
{
	on node ipset list -t "$1" | sed -n 's/^Header: //p'
}

# capacity SET
capacity()
{
	header "$1" | sed 's/.* maxelem \([0-9]*\).*/\1/'
}

member_count()
{
	on node ipset list -t KUBE-CLUSTER-IP | sed -n 's/^Number of entries: //p'
}

# status_of SET: as the agent tells it, "MEMBERS CAPACITY"
status_of()
{
	agent status -o json | tr -d ' \n' | tr '{' '\n' |
		sed -n "s/^\"name\":\"$1\",\"members\":\([0-9]*\),\"capacity\":\([0-9]*\).*/\1 \2/p"
}

# failed_count: Services that are not programmed completely
failed_count()
{
	agent status | grep -c '  failed' || true
}

# members_and_failed: the kernel keeps parts of a set apart, each with its share of the capacity, and has more parts once
# there are more buckets; so how many members fit is not exactly the capacity
members_and_failed()
{
	echo $(($(member_count) + $(failed_count)))
}

topology_create
answer_start pod1 tcp/8080
modprobe -a ip_set ip_set_hash_ip ip_set_hash_ipport
on node ipset restore <<-END
	create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 1024
	add KUBE-CLUSTER-IP 10.96.0.10,tcp:80
	create KUBE-EXTERNAL-IP hash:ip,port family inet hashsize 1024 maxelem 65536
	create KUBE-6-CLUSTER-IP hash:ip,port family inet6 hashsize 1024 maxelem 65536
	create KUBE-GROWING hash:ip,port family inet hashsize 64 maxelem 64
	add KUBE-GROWING 192.0.2.1,tcp:1
END
before=$(header KUBE-CLUSTER-IP)
external=$(header KUBE-EXTERNAL-IP)
six=$(header KUBE-6-CLUSTER-IP)
{
	service_manifest web cluster_ip=10.96.0.10 extra="externalIPs: [203.0.113.10]"
	slice_manifest web endpoints=pod1
} | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"

step "what is large enough is adopted"
assert_equal "KUBE-CLUSTER-IP" "$before" "$(header KUBE-CLUSTER-IP)"
assert_equal "KUBE-EXTERNAL-IP" "$external" "$(header KUBE-EXTERNAL-IP)"
assert_equal "its capacity in the status" "1 1024" "$(status_of KUBE-CLUSTER-IP)"

step "3,500 more Services, while a client goes on asking"
on_in_background client "$KERNEL_TEST_HELPERS/ask" --count 1000000 --interval 20 --reset tcp 10.96.0.10 80 \
	>"$directory/asked" </dev/null
asking=$!
wait_until 20 grep -q pod1 "$directory/asked"
services 1 3500 | manifest many.yaml
wait_until_equal 30 "the number of members" 3501 member_count
assert_equal "the capacity, twice doubled" 4096 "$(capacity KUBE-CLUSTER-IP)"
assert_equal "the capacity in the status" "3501 4096" "$(status_of KUBE-CLUSTER-IP)"
assert_equal "failed" 0 "$(failed_count)"

step "somebody who lists all members keeps the set from being replaced: what does not fit waits"
mkfifo "$directory/listing"
exec {listing}<>"$directory/listing"
on_in_background node ipset save KUBE-CLUSTER-IP >"$directory/listing"
lister=$!
read -r -u "$listing" _
services 3501 4150 | manifest more.yaml
wait_until_equal 30 "members, and Services that wait for theirs" 4151 members_and_failed
[ "$(failed_count)" -gt 0 ] || fail "nothing waits"
assert_equal "the capacity" 4096 "$(capacity KUBE-CLUSTER-IP)"

step "the listing ends"
cat <&"$listing" >/dev/null &
reader=$!
wait "$lister"
kill "$reader"
wait_until_equal 30 "the number of members" 4151 member_count
assert_equal "the capacity" 8192 "$(capacity KUBE-CLUSTER-IP)"
wait_until_equal 10 "failed" 0 failed_count

step "nobody noticed"
kill "$asking"
wait "$asking" || true
[ "$(wc -l <"$directory/asked")" -gt 20 ] || fail "asked only $(wc -l <"$directory/asked") times"
assert_equal "failures" "" "$(grep -v '^pod1 ' "$directory/asked" || true)"
assert_equal "members that are missing" "" "$(comm -13 \
	<(on node ipset save KUBE-CLUSTER-IP | sed -n 's/^add [^ ]* \([0-9.]*\),tcp:80$/\1/p' | sort) \
	<(services 1 4150 | sed -n 's/^  clusterIP: //p' | sort))"
wait_until_equal 10 "sets on the way" "" eval "on node ipset list -n | grep GROWING || true"
assert_contains "the rule that uses it" "--match-set KUBE-CLUSTER-IP dst,dst" "$(on node iptables-save -t nat)"
assert_equal "KUBE-EXTERNAL-IP" "$external" "$(header KUBE-EXTERNAL-IP)"
assert_equal "KUBE-6-CLUSTER-IP" "$six" "$(header KUBE-6-CLUSTER-IP)"

step "a restart keeps what has grown"
grown=$(header KUBE-CLUSTER-IP)
agent_stop
: >"$agent_log"
agent_start
wait_until 20 grep -q "programmed .* Services" "$agent_log"
assert_equal "KUBE-CLUSTER-IP" "$grown" "$(header KUBE-CLUSTER-IP)"
assert_equal "the number of members" 4151 "$(member_count)"
