# shellcheck shell=bash
say "a load balancer IP with loadBalancerSourceRanges: one client is allowed, another gets no answer"
show client "curl -s http://203.0.113.10/" <<-END
	web on *pod?:8080, asked by 192.168.77.10
END
show node1 "ipvsagent explain 192.168.77.1 203.0.113.10:80 | grep -A 1 'source ranges'" <<-END
	  source ranges   the client is among those that are allowed
	                  (spec.loadBalancerSourceRanges of Service default/public)
END
show client "curl -sS --max-time 1 --interface 198.51.100.7 http://203.0.113.10/" <<-END
	curl: (28) *
END
show node1 "ipvsagent explain 198.51.100.7 203.0.113.10:80 | grep -e 'source ranges' -e Dropped" <<-END
	  source ranges   198.51.100.7 is not among those that are allowed
	Dropped. The client gets no answer: the attempt times out.
END
