# shellcheck shell=bash
say "a ClusterIP: three web pods behind one address; the port named http is 8080 in two of them, and 8081 in the third"
show pod3 "curl -s 'http://10.96.0.20/?[1-6]' | sort | uniq -c" <<-END
	      2 web on pod1:8080, asked by 10.244.1.3
	      2 web on pod2:8080, asked by 10.244.1.3
	      2 web on rpod1:8081, asked by 10.244.1.3
END
show node1 "ipvsagent explain 10.244.1.3 10.96.0.20:80 | grep -A 1 '^  endpoints'" <<-END
	  endpoints       3 of 3: all ready endpoints
	                  (spec.internalTrafficPolicy of Service default/web is Cluster)
END

say "another port of the same Service"
show pod3 "curl -s 'http://10.96.0.20:9000/?[1-3]' | sort" <<-END
	status on pod1:8090, asked by 10.244.1.3
	status on pod2:8090, asked by 10.244.1.3
	status on rpod1:8090, asked by 10.244.1.3
END

say "a pod of the Service may get itself, and then sees the node instead of itself"
show pod1 "curl -s 'http://10.96.0.20/?[1-3]' | sort" <<-END
	web on pod1:8080, asked by 192.168.77.10
	web on pod2:8080, asked by 10.244.1.1
	web on rpod1:8081, asked by 10.244.1.1
END
show node1 "ipvsagent explain 10.244.1.1 10.96.0.20:80 | grep -A 1 hairpin" <<-END
	  hairpin         if 10.244.1.1 gets its own connection, it sees the node, 192.168.77.10
	                  (an answer to itself would not pass the node)
END

say "a port that the Service does not have is refused"
show pod3 "curl -sS http://10.96.0.20:81/" <<-END
	curl: (7) *
END
show node1 "ipvsagent explain 10.244.1.3 10.96.0.20:81 | grep -e filter -e Refused" <<-END
	  filter          a VIP answers on ports of its Services only
	Refused. The client gets connection refused, at once.
END
