# shellcheck shell=bash
say "names, by dnsmasq behind the address of kube-dns, over UDP and over TCP"
show pod1 "dig +short +search web" <<-END
	10.96.0.20
END
show rpod1 "dig +short +tcp web.default.svc.cluster.local" <<-END
	10.96.0.20
END
show pod1 "curl -s http://web/" <<-END
	web on *pod?:808?, asked by *
END
show node1 "ipvsagent explain 10.244.1.1 10.96.0.10:53/udp | grep sees" <<-END
	  10.244.1.3:53 sees 10.244.1.1
	  10.244.2.2:53 sees 10.244.1.1
END

say "the name of a headless Service gives its pods; an ExternalName is an alias; neither is programmed"
show pod3 "dig +short peers.default.svc.cluster.local | sort" <<-END
	10.244.1.1
	10.244.1.2
END
show pod3 "dig +short docs.default.svc.cluster.local" <<-END
	www.example.org.
	192.168.77.1
END
show pod3 "curl -s http://docs/" <<-END
	docs on client:80, asked by 10.244.1.3
END
show node1 "ipvsagent status | grep -e docs -e peers" <<-END
	default/docs *ExternalName*skipped: ExternalName*
	default/peers *skipped: headless*
END
assert_equal "virtual servers of their addresses" "" "$(on node ipvsadm -Ln | grep -E '^(TCP|UDP) +(10\.244\.|192\.168\.77\.1:)')"
