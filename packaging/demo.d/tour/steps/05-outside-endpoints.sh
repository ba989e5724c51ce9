# shellcheck shell=bash
say "a Service without selector, whose endpoint is a machine outside the cluster"
show pod1 "curl -s http://legacy/" <<-END
	legacy on client:8080, asked by 10.244.1.1
END
show node2 "curl -s http://10.96.0.23/" <<-END
	legacy on client:8080, asked by 192.168.77.20
END
show node1 "ipvsagent explain 10.244.1.1 10.96.0.23:80 | grep sees" <<-END
	  192.168.77.1:8080 sees 10.244.1.1
END
