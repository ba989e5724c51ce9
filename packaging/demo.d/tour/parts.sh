# shellcheck shell=bash
# The real programs of the tour: web servers, an ingress controller, name servers. Sourced by guest.

# tour_nginx WHERE NAME: an nginx in that namespace, with the http block on stdin
tour_nginx()
{
	local where=$1 prefix=$directory/$2

	mkdir "$prefix"
	cat >"$prefix/nginx.conf" <<-END
		user root;
		daemon off;
		worker_processes 1;
		pid $prefix/pid;
		events { worker_connections 256; }
		http {
			access_log off;
			keepalive_timeout 0; # a connection for each request
			client_body_temp_path $prefix/body;
			proxy_temp_path $prefix/proxy;
			fastcgi_temp_path $prefix/fastcgi;
			uwsgi_temp_path $prefix/uwsgi;
			scgi_temp_path $prefix/scgi;
			$(cat)
		}
	END
	on_in_background "$where" nginx -p "$prefix" -e "$prefix/error.log" -c "$prefix/nginx.conf" </dev/null
}

# tour_web WHERE PORT/APPLICATION...: a web server that says who answers, whom it sees, and for whom a proxy asks
tour_web()
{
	local where=$1 port

	{
		echo 'map $http_x_forwarded_for $for { "" ""; default " for $http_x_forwarded_for"; }'
		for port in "${@:2}"; do
			echo "server {
				listen ${port%/*};
				return 200 '${port#*/} on $where:${port%/*}, asked by \$remote_addr\$for\n';
			}"
		done
	} | tour_nginx "$where" "web-$where"
}

# tour_certificate: makes the ingress controller's key and certificate, for both of its hosts
tour_certificate()
{
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ingress \
		-addext "subjectAltName=DNS:shop.example,DNS:blog.example" \
		-keyout "$directory/ingress.key" -out "$directory/ingress.crt" 2>/dev/null
}

# tour_ingress WHERE PORT: a reverse proxy with TLS for two hosts, of which one has two paths; it finds the Services by DNS
tour_ingress()
{
	tour_nginx "$1" "ingress-$1" <<-END
		ssl_certificate $directory/ingress.crt;
		ssl_certificate_key $directory/ingress.key;
		proxy_set_header X-Forwarded-For \$remote_addr;
		server {
			listen $2 ssl;
			server_name shop.example;
			location / { proxy_pass http://web.default.svc.cluster.local; }
			location /cart { proxy_pass http://cart.default.svc.cluster.local; }
		}
		server {
			listen $2 ssl;
			server_name blog.example;
			location / { proxy_pass http://blog.default.svc.cluster.local; }
		}
	END
}

# tour_dns WHERE: a name server for what the manifests name; asked for "whoami" it says where it is
tour_dns()
{
	local prefix=$directory/dns-$1

	mkdir "$prefix"
	{
		echo "192.168.77.1 www.example.org"
		sed -n 's/^address //p' "$directory/discovery"
	} >"$prefix/hosts"
	{
		cat <<-END
			user=root
			pid-file=
			log-facility=$prefix/log
			no-resolv
			no-hosts
			addn-hosts=$prefix/hosts
			local=/cluster.local/example.org/
			txt-record=whoami,$1
		END
		sed -n 's/^alias \(.*\) \(.*\)/cname=\1,\2/p' "$directory/discovery"
	} >"$prefix/dnsmasq.conf"
	on_in_background "$1" dnsmasq --keep-in-foreground --conf-file="$prefix/dnsmasq.conf" </dev/null
}

# tour_resolver: programs ask the name server of the cluster, as in a pod
tour_resolver()
{
	cat >"$directory/resolv.conf" <<-END
		nameserver 10.96.0.10
		search default.svc.cluster.local svc.cluster.local cluster.local
		options ndots:5
	END
	mount --bind "$directory/resolv.conf" /etc/resolv.conf
}
