# shellcheck shell=bash
say "an ingress controller, nginx in pod4, behind a NodePort: two hosts, one with two paths, by TLS; it sees the node"
tour_certificate
tour_ingress pod4 8443
tour_ingress node 443
wait_until 20 at pod4 "curl -s --insecure https://127.0.0.1:8443/"
wait_until 20 at node1 "curl -s --insecure https://127.0.0.1/"
curl="curl -s --cacert $directory/ingress.crt"
to="--connect-to ::192.168.77.10"
show client "$curl $to:30443 https://shop.example/" <<-END
	web on *pod?:808?, asked by 10.244.1.4 for 192.168.77.10
END
show client "$curl $to:30443 https://shop.example/cart" <<-END
	cart on pod2:8082, asked by 10.244.1.4 for 192.168.77.10
END
show client "$curl $to:30443 https://blog.example/" <<-END
	blog on rpod1:8083, asked by 10.244.1.4 for 192.168.77.10
END
show node1 "ipvsagent explain 192.168.77.1 192.168.77.10:30443 | grep -A 1 masquerading" <<-END
	  masquerading    yes: endpoints see the node, 192.168.77.10
	                  (spec.externalTrafficPolicy of Service default/ingress is Cluster)
END

say "another one in the network of node1: no Service comes before it, and it sees the client"
show client "$curl $to:443 https://shop.example/cart" <<-END
	cart on pod2:8082, asked by 192.168.77.10 for 192.168.77.1
END
show client "$curl $to:443 https://blog.example/" <<-END
	blog on rpod1:8083, asked by 192.168.77.10 for 192.168.77.1
END
show node1 "ipvsagent explain 192.168.77.1 192.168.77.10:443 | grep 'No Service'" <<-END
	No Service decides. The client gets whatever else listens on the node's port; if nothing does, a refusal.
END
