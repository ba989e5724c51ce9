#!/bin/bash
# The iptables of the image finds out from a real kernel that the node uses legacy tables;
# tests/unit/packaging/iptables_wrapper_test has the rest.
. "$(dirname "$0")/../lib.sh"

wrapper=$(readlink -f "$(dirname "$0")/../../../packaging/container/iptables-wrapper")
mkdir "$directory/bin"
for name in iptables iptables-save iptables-restore; do
	ln -s "$wrapper" "$directory/bin/$name"
done
export IPTABLES_WRAPPER_MODE_FILE=$directory/mode

ip netns add unused
ip netns add legacy
on legacy xtables-legacy-multi iptables -t mangle -N KUBE-KUBELET-CANARY

step "nobody uses tables"
assert_contains "the version" "(nf_tables)" "$(on unused "$directory/bin/iptables" --version)"
rm "$directory/mode"

step "the kubelet uses legacy tables"
assert_contains "the version" "(legacy)" "$(on legacy "$directory/bin/iptables" --version)"
on legacy "$directory/bin/iptables-restore" --noflush <<-END
	*filter
	:TEST - [0:0]
	-A TEST -s 192.0.2.1 -j ACCEPT
	COMMIT
END
assert_contains "the rules" "-A TEST -s 192.0.2.1/32 -j ACCEPT" \
	"$(on legacy xtables-legacy-multi iptables-save -t filter)"
assert_contains "the rules, asked for by another name" "-A TEST -s 192.0.2.1/32 -j ACCEPT" \
	"$(on legacy "$directory/bin/iptables-save")"
