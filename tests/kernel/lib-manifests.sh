# shellcheck shell=bash
# Part of lib.sh: prints Services and EndpointSlices, and puts them where the agent reads them.

# service_manifest NAME [KEY=VALUE...]: prints a Service of namespace default
#   cluster_ip=ADDRESS     or None
#   ports="NAME:PROTOCOL:PORT:TARGET[:NODEPORT] ..."     (http:TCP:80:8080)
#   type=TYPE              (ClusterIP)
#   affinity=SECONDS       ClientIP affinity
#   family=IPv4|IPv6       (that of cluster_ip)
#   annotations="KEY: VALUE, ..."
#   extra="LINE..."        further lines of the spec
service_manifest()
{
	local name=$1 cluster_ip='' ports=http:TCP:80:8080 type=ClusterIP affinity='' family='' annotations='' extra=''
	local assignment port parts

	shift
	for assignment in "$@"; do
		local "${assignment?}"
	done
	if [ -z "$family" ]; then
		case $cluster_ip in
		*:*) family=IPv6 ;;
		*) family=IPv4 ;;
		esac
	fi
	cat <<-END
		---
		apiVersion: v1
		kind: Service
		metadata:
		  name: $name
		  namespace: default${annotations:+
		  annotations: {$annotations\}}
		spec:
		  type: $type
		  clusterIP: "$cluster_ip"
		  clusterIPs: ["$cluster_ip"]
		  ipFamilies: [$family]
		  ports:
	END
	for port in $ports; do
		IFS=: read -r -a parts <<<"$port"
		echo "  - {name: ${parts[0]}, protocol: ${parts[1]}, port: ${parts[2]}," \
			"targetPort: ${parts[3]}${parts[4]:+, nodePort: ${parts[4]}}}"
	done
	if [ -n "$affinity" ]; then
		echo "  sessionAffinity: ClientIP"
		echo "  sessionAffinityConfig: {clientIP: {timeoutSeconds: $affinity}}"
	fi
	[ -z "$extra" ] || sed 's/^/  /' <<<"$extra"
}

# slice_manifest SERVICE [KEY=VALUE...]: prints an EndpointSlice
#   endpoints="ENDPOINT[/STATE] ..."
#                          ENDPOINT is podN or rpodN; STATE is ready (the default), serving (terminating, but
#                          still serving), terminating (not serving), unready
#   ports="NAME:PROTOCOL:PORT ..."                       (http:TCP:8080)
#   family=IPv4|IPv6       (IPv4)
#   suffix=TEXT            tells several slices of a Service apart (1)
slice_manifest()
{
	local service=$1 endpoints='' ports=http:TCP:8080 family=IPv4 suffix=1
	local assignment endpoint port parts address ready serving terminating

	shift
	for assignment in "$@"; do
		local "${assignment?}"
	done
	cat <<-END
		---
		apiVersion: discovery.k8s.io/v1
		kind: EndpointSlice
		metadata:
		  name: $service-$suffix
		  namespace: default
		  labels:
		    kubernetes.io/service-name: $service
		addressType: $family
		ports:
	END
	for port in $ports; do
		IFS=: read -r -a parts <<<"$port"
		echo "- {name: ${parts[0]}, protocol: ${parts[1]}, port: ${parts[2]}}"
	done
	[ -n "$endpoints" ] || echo "endpoints: []"
	[ -z "$endpoints" ] || echo "endpoints:"
	for endpoint in $endpoints; do
		ready=true serving=true terminating=false
		case $endpoint in
		*/serving) ready=false terminating=true ;;
		*/terminating) ready=false serving=false terminating=true ;;
		*/unready) ready=false serving=false ;;
		esac
		pod_locate "${endpoint%/*}"
		address=$pod_ipv4
		[ "$family" = IPv4 ] || address=$pod_ipv6
		echo "- addresses: [\"$address\"]"
		echo "  conditions: {ready: $ready, serving: $serving, terminating: $terminating}"
		echo "  nodeName: $pod_node"
	done
}

# manifest FILE: puts stdin there in one step, as editors do
manifest()
{
	cat >"$manifests/.$1.new"
	mv "$manifests/.$1.new" "$manifests/$1"
}

# load_balancer_status ADDRESS[/Proxy]...: prints what a load balancer adds to the Service printed just before
load_balancer_status()
{
	local address

	echo "status:"
	echo "  loadBalancer:"
	echo "    ingress:"
	for address in "$@"; do
		case $address in
		*/Proxy) echo "    - {ip: \"${address%/Proxy}\", ipMode: Proxy}" ;;
		*) echo "    - {ip: \"$address\", ipMode: VIP}" ;;
		esac
	done
}

# node_manifest [KEY=VALUE...]: prints the Node that the agent runs on
#   zone=NAME              label topology.kubernetes.io/zone
#   pod_cidrs="CIDR ..."   its pods' ranges
#   addresses="ADDRESS ..."
#                          InternalIP (192.168.77.10 fd77::10)
node_manifest()
{
	local zone='' pod_cidrs='' addresses="192.168.77.10 fd77::10" assignment address ranges

	for assignment in "$@"; do
		local "${assignment?}"
	done
	# shellcheck disable=SC2086
	ranges=$(list_of $pod_cidrs)
	cat <<-END
		---
		apiVersion: v1
		kind: Node
		metadata:
		  name: node1
		  labels: {kubernetes.io/hostname: node1${zone:+, topology.kubernetes.io/zone: $zone}}
		spec:
		  podCIDRs: [$ranges]
		status:
		  addresses:
	END
	for address in $addresses; do
		echo "  - {type: InternalIP, address: \"$address\"}"
	done
}

# list_of WORD...: the words as a YAML list without its brackets
list_of()
{
	local words

	printf -v words '"%s", ' "$@"
	[ $# = 0 ] || echo "${words%, }"
}
