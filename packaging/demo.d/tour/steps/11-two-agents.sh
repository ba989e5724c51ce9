# shellcheck shell=bash
say "both agents know the same: a pod of node2 and node2 itself reach the pods of node1"
show rpod2 "curl -s 'http://web/?[1-3]' | sort" <<-END
	web on pod1:8080, asked by 10.244.2.2
	web on pod2:8080, asked by 10.244.2.2
	web on rpod1:8081, asked by 10.244.2.2
END
show node2 "curl -s 'http://10.96.0.20/?[1-3]' | sort" <<-END
	web on pod1:8080, asked by 192.168.77.20
	web on pod2:8080, asked by 192.168.77.20
	web on rpod1:8081, asked by 192.168.77.20
END
show node2 "ipvsagent explain node 10.96.0.20:80 | grep -A 1 masquerading" <<-END
	  masquerading    yes: endpoints see the node, 192.168.77.20
	                  (the source would be a VIP, which other nodes have as well)
END

say "and a pod of node1 gets to itself by the NodePort of node2"
show pod1 "curl -s 'http://192.168.77.20:30080/?[1-2]' | sort" <<-END
	web on pod1:8080, asked by 192.168.77.20
	web on rpod1:8080, asked by 192.168.77.20
END
show node2 "ipvsagent explain 10.244.1.1 192.168.77.20:30080 | grep sees" <<-END
	  10.244.1.1:8080 sees 192.168.77.20, the node
	  10.244.2.1:8080 sees 192.168.77.20, the node
END

say "each agent has programmed its own node"
show node1 "ipvsagent status | head -n 5" <<-END
	Node      node1: ipvsagent *, up *
	Source    manifests *, last change *
	Objects   13 Services, *
	Services  11 programmed, 0 pending, 0 failed, 2 skipped
	Kernel    18 virtual servers, *
END
show node2 "ipvsagent status | head -n 5" <<-END
	Node      node2: ipvsagent *, up *
	Source    manifests *, last change *
	Objects   13 Services, *
	Services  11 programmed, 0 pending, 0 failed, 2 skipped
	Kernel    18 virtual servers, *
END
