# shellcheck shell=bash
say "ClientIP affinity: each client stays with one pod"
show client "curl -s 'http://10.96.0.21/?[1-6]' | sort | uniq -c" <<-END
	      6 web on *pod?:8080, asked by 192.168.77.10
END
show rpod2 "curl -s 'http://10.96.0.21/?[1-6]' | sort | uniq -c" <<-END
	      6 web on *pod?:8080, asked by 10.244.2.2
END
show node1 "ipvsagent explain 192.168.77.1 10.96.0.21:80 | grep -A 1 '^  affinity'" <<-END
	  affinity        a client stays with its endpoint for 10800 s
	                  (spec.sessionAffinity of Service default/session)
END

say "a client stays with its pod although another one joins; see below for the timeout, of 15 seconds"
show client "dig +short @10.96.0.22 TXT whoami" <<-END
	"pod3"
END
sed 's/ready: false/ready: true/' "$here/manifests/whoami.yaml" | manifest whoami.yaml
# It asks all the time, as the affinity ends otherwise.
wait_until_equal 10 "the pods of whoami" "10.244.1.3:53 1, 10.244.2.2:53 1" \
	eval "on client dig +short @10.96.0.22 TXT whoami >>'$directory/whoami'; destinations udp 10.96.0.22:53"
show client "dig +short @10.96.0.22 TXT whoami" <<-END
	"pod3"
END
assert_equal "who answered while the second pod joined" '"pod3"' "$(sort -u "$directory/whoami")"
show node1 "ipvsadm -Lnc | grep 10.96.0.22" <<-END
	UDP 00:?? *192.168.77.1:0 *10.96.0.22:53 *10.244.1.3:53*
END
