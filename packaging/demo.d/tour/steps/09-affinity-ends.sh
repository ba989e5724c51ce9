# shellcheck shell=bash
say "ClientIP affinity ends: the client of whoami has not asked for 15 seconds, and now gets the other pod"
has_no_affinity()
{
	! on node ipvsadm -Lnc | grep -q 10.96.0.22
}
wait_until 30 has_no_affinity
show client "dig +short @10.96.0.22 TXT whoami" <<-END
	"rpod2"
END
show node1 "ipvsagent explain 192.168.77.1 10.96.0.22:53/udp | grep -A 1 '^  affinity'" <<-END
	  affinity        a client stays with its endpoint for 15 s
	                  (spec.sessionAffinity of Service default/whoami)
END
