# shellcheck shell=bash
say "a NodePort from outside, externalTrafficPolicy Cluster: all pods, which see the node"
show client "curl -s 'http://192.168.77.10:30080/?[1-4]' | sort | uniq -c" <<-END
	      2 web on pod1:8080, asked by 192.168.77.10
	      2 web on rpod1:8080, asked by 192.168.77.10
END
show client "curl -s 'http://192.168.77.20:30080/?[1-4]' | sort | uniq -c" <<-END
	      2 web on pod1:8080, asked by 192.168.77.20
	      2 web on rpod1:8080, asked by 192.168.77.20
END
show node1 "ipvsagent explain 192.168.77.1 192.168.77.10:30080 | grep -A 1 masquerading" <<-END
	  masquerading    yes: endpoints see the node, 192.168.77.10
	                  (spec.externalTrafficPolicy of Service default/shop is Cluster)
END

say "externalTrafficPolicy Local: the pods of that node, which see the client; a node without one does not answer"
show client "curl -s 'http://192.168.77.10:30081/?[1-2]' | sort | uniq -c" <<-END
	      2 web on pod1:8080, asked by 192.168.77.1
END
show client "curl -sS --max-time 1 http://192.168.77.20:30081/" <<-END
	curl: (28) *
END
show node1 "ipvsagent explain 192.168.77.1 192.168.77.10:30081 | grep -A 1 masquerading" <<-END
	  masquerading    none: endpoints see the client's address
	                  (spec.externalTrafficPolicy of Service default/shop-local is Local)
END
show node2 "ipvsagent explain 192.168.77.1 192.168.77.20:30081 | grep -e '^  endpoints' -e Dropped" <<-END
	  endpoints       none on this node, so that clients try another one
	Dropped. The client gets no answer: the attempt times out.
END
