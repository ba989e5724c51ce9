# shellcheck shell=bash
say "a program that finds the Service by the variables that a kubelet gives its container"
sed -n 's/^variable //p' "$directory/discovery" >"$directory/environment"
show pod3 "grep WEB_ $directory/environment" <<-END
	WEB_SERVICE_HOST=10.96.0.20
	WEB_SERVICE_PORT=80
END
show pod3 "env \$(cat $directory/environment) sh -c 'curl -s http://\$WEB_SERVICE_HOST:\$WEB_SERVICE_PORT/'" <<-END
	web on *pod?:808?, asked by 10.244.1.3
END
show node1 "ipvsagent explain 10.244.1.3 10.96.0.20:80 | grep -A 1 '^  address'" <<-END
	  address         10.96.0.20 is a ClusterIP of Service default/web
	                  (spec.clusterIPs of Service default/web)
END
