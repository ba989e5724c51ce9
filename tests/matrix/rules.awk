# rules.awk -v protocol=tcp|udp|sctp TRUTH: what each cell of TRUTH has to be if one goes by the rules of the
# Service API instead of by what was recorded, for that protocol; without the cells that it has not.
#
# A line reads as in TRUTH. An outcome in parentheses may be missing: with policy DROP on FORWARD iptables mode
# lets through what is masqueraded, and nothing else of what is forwarded; IPVS may let it through.

BEGIN {
	node = "192.168.77.10"
	source["node"] = node
	source["pod1"] = "10.244.1.1"
	source["pod3"] = "10.244.1.3"
	source["ext"] = "192.168.77.1"
	is_pod["pod1"] = is_pod["pod3"] = 1

	# Where endpoints are, by the last part of the Service's name
	endpoints["both"] = "pod1 remote"
	endpoints["remote"] = "remote"
	endpoints["none"] = ""

	# Whom the source ranges of a Service admit to its load balancer IP
	admitted["m-sr-client", "ext"] = 1
	admitted["m-sr-pods", "pod1"] = admitted["m-sr-pods", "pod3"] = 1
}

# Takes the Service's name apart; those with source ranges say nothing of policies and placement.
function read_service(name,   parts)
{
	has_ranges = name ~ /^m-sr-/
	if (has_ranges) {
		external = internal = "cluster"
		placement = "both"
		return
	}
	split(name, parts, "-")
	external = parts[2]
	internal = parts[3]
	placement = parts[4]
}

# The answers of these endpoints, or "fail". A pod that reaches itself sees the node, whatever the rest see.
function answers(names, seen, round, client,   parts, count, i, text, answer)
{
	count = split(names, parts, " ")
	for (i = 1; i <= count; i++) {
		answer = parts[i] "<" (parts[i] == client ? node : seen) ">"
		if (round == "forward-drop" && client != "node" && answer !~ ("<" node ">"))
			answer = "(" answer ")"
		text = text (i > 1 ? " " : "") answer
	}
	return count ? text : "fail"
}

function only_local(names)
{
	return names ~ /pod1/ ? "pod1" : ""
}

function outcome(round, service, target, client,   all)
{
	read_service(service)
	all = endpoints[placement]

	# The health check tells load balancers whether this node has endpoints; there is one with policy Local.
	if (target == "hc")
		return external != "local" ? "fail" : only_local(all) ? "200" : "503"

	# Ports that no Service has are not the host's.
	if (target == "vip-other")
		return "fail"

	# Pods keep their address, all others are masqueraded.
	if (target == "clusterip")
		return answers(internal == "local" ? only_local(all) : all, is_pod[client] ? source[client] : node, round,
			client)

	# Source ranges are about load balancer IPs, whoever asks.
	if (target == "lb" && has_ranges && !((service, client) in admitted))
		return "fail"

	# From outside, policy Local means the endpoints here, which see who asks; the cluster itself gets all.
	if (external == "local" && client == "ext")
		return answers(only_local(all), source["ext"], round, client)
	return answers(all, external == "local" && is_pod[client] ? source[client] : node, round, client)
}

# Health checks are HTTP. On 127.0.0.1 and ::1, TCP and UDP are forwarded.
protocol != "tcp" && $3 == "hc" || protocol == "sctp" && $3 == "localhost" { next }

{ print $1, $2, $3, $4, outcome($1, $2, $3, $4) }

# A port with the number of a NodePort is a port like any other.
$3 ~ /^(clusterip|external|lb)$/ { print $1, $2, $3 "-number", $4, outcome($1, $2, $3, $4) }
