# shellcheck shell=bash
# To be sourced by what measures the agent in a kernel: a node in a network namespace, a source of objects, and the agent
# there. Needed are $IPVSAGENT, $BENCH (a directory with the programs), $results, $services and $endpoints.

agent_flags=(--hostname-override bench-node --cluster-cidr 10.128.0.0/9)
changeable=500 # Services that have a manifest of their own
port=18080
work=/run/bench
log=$work/log
declare -A server_modes=([api]="stream protobuf" [lists]="list protobuf" [json]="stream json"
	[protobuf]="stream protobuf")

# The test kernel has one processor, and a process that has it keeps it for up to 10 ms. The agent goes before the
# server and those who observe it, which wait until it waits, as if it had a processor of its own. Its children
# have no such priority.
in_front=(chrt --reset-on-fork --fifo 1)
in_turn=(chrt --batch 0)

say()
{
	echo "$(cut -d' ' -f1 /proc/uptime) s: $*" >&2
}

record()
{
	echo "$1 $services $2" >>"$results"
}

# The kernel takes a namespace of 10,000 Services apart after its last process has ended, and that must not
# fall into what is measured next.
wait_until_idle()
{
	local idle before=0 attempt

	for ((attempt = 0; attempt < 120; attempt++)); do
		idle=$(awk '$1 == "cpu" { print $5 }' /proc/stat)
		# Of 25 ticks. The first look has nothing to compare with.
		[ "$before" = 0 ] || [ $((idle - before)) -lt 22 ] || return 0
		before=$idle
		sleep 0.25
	done
}

# each_node FUNCTION [ARGUMENT...]: in a network namespace of its own, which has an address of its node
each_node()
{
	wait_until_idle
	unshare -n bash "$0" "$results" --node "$services" "$endpoints" "$@"
}

prepare_node()
{
	ip -batch - <<-END
		link set lo up
		link add eth0 type dummy
		link set eth0 up
		address add 192.168.77.10/24 dev eth0
	END
}

# start_source {manifests|api|lists|json|protobuf}: sets $source_flags, and $objects, which the programs that change objects
# take
start_source()
{
	source=$1
	server_pid=
	rm -rf "$work/manifests" "$work/commands"
	case $source in
	manifests)
		mkdir "$work/manifests"
		"$BENCH/write_manifests" "$services" "$endpoints" "$((services < changeable ? services : changeable))" \
			"$work/manifests"
		objects=$work/manifests
		source_flags=(--manifests "$objects")
		;;
	*)
		objects=$work/commands
		# shellcheck disable=SC2086
		"${in_turn[@]}" "$BENCH/api_server" "$port" "$services" "$endpoints" "$objects" \
			${server_modes[$source]} >"$work/requested" &
		server_pid=$!
		while [ ! -S "$objects" ]; do
			kill -0 "$server_pid"
			sleep 0.1
		done
		source_flags=(--master "http://127.0.0.1:$port")
		;;
	esac
}

stop_source()
{
	[ -z "$server_pid" ] || kill "$server_pid"
}

# start_agent [FLAG...]: sets $agent_pid, and $started and $programmed, seconds
start_agent()
{
	"${in_turn[@]}" "$BENCH/agent_start" "$services" "$endpoints" "$log" \
		"${in_front[@]}" "$IPVSAGENT" run "${agent_flags[@]}" "${source_flags[@]}" "$@" >"$work/launched" ||
		{ cat "$log" >&2; exit 1; }
	agent_pid=$(sed -n 's/^pid //p' "$work/launched")
	started=$(sed -n 's/^start //p' "$work/launched")
	programmed=$(sed -n 's/^programmed //p' "$work/launched")
}

stop_agent()
{
	kill "$agent_pid"
	while kill -0 "$agent_pid" 2>/dev/null; do
		sleep 0.05
	done
}

read_status()
{
	"$IPVSAGENT" status -o json bench/service-00000 >"$work/status"
}

# status_value KEY: the first of that name in what read_status read
status_value()
{
	sed -n 's/^ *"'"$1"'": \([0-9.e+-]*\),\{0,1\}$/\1/p' "$work/status" | head -n 1
}

# received: bytes that the server has sent so far
received()
{
	local word

	exec {counters}<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /counters HTTP/1.1\r\n\r\n' >&"$counters"
	while read -r word; do
		case $word in
		connections*) echo "$word" | awk '{ print $6 }'; break ;;
		esac
	done <&"$counters"
	exec {counters}>&-
}

metric()
{
	local line

	exec {metrics}<>/dev/tcp/127.0.0.1/10249
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&"$metrics"
	while read -r line; do
		case $line in
		"$1 "*) echo "${line#* }" | tr -d '\r' ;;
		esac
	done <&"$metrics"
	exec {metrics}>&-
}

# run_on_nodes FUNCTION [--node SERVICES ENDPOINTS FUNCTION [ARGUMENT...]]: the arguments of the script behind its first; the
# function, or what each_node() asks for
run_on_nodes()
{
	if [ "${2:-}" = --node ]; then
		services=$3
		endpoints=$4
		shift 4
		prepare_node
		"$@"
		return
	fi
	# Else the kernel stops a process that goes before others for 50 ms of each second that it takes.
	echo -1 >/proc/sys/kernel/sched_rt_runtime_us
	modprobe ip_vs
	mkdir -p "$work"
	mount -t tmpfs tmpfs "$work"
	"$1"
}
