#!/bin/bash
# The page for browsers says what the kernel has; nothing that a Service is called becomes part of the page's markup.
. "$(dirname "$0")/../lib.sh"

# page PATH: as a browser gets it
page()
{
	on node curl -sf "http://127.0.0.1:10249$1"
}

# code PATH
code()
{
	on node curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:10249$1"
}

topology_create
answer_start pod1 tcp/8080
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints=pod1
} | manifest web.yaml
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"

step "without --status-page there is no page, as with kube-proxy"
assert_equal "the answer" 404 "$(code /)"
assert_equal "the answer for a Service" 404 "$(code /services/default/web)"
agent_stop

agent_start --status-page --metrics-bind-address 127.0.0.1:10249 --ipvs-sync-period 2s
wait_until 10 page /
wait_until 20 agent_is_settled
step "all Services, each with what ipvsadm says it has"
page / >"$directory/page"
grep -q '<a href="/services/default/web">default/web</a>' "$directory/page"
for address in $(on node ipvsadm-save -n | sed -n 's/^-A -t \(10[^ ]*\) .*/\1/p'); do
	grep -q "<td>$address/TCP</td><td class=\"n\">1</td>\(<td class=\"n\">[^<]*</td>\)\{2\}<td><span class=\"good\">programmed</span></td>" "$directory/page"
done
page /services/default/web | grep -q '<tr><td>10.244.1.1:8080</td><td>used</td><td></td></tr>'
assert_equal "the answer for a Service that is not there" 404 "$(code /services/default/none)"
assert_equal "the answer for another path" 404 "$(code /index.html)"

step "the last changes, and traffic between two verifications"
page /services/default/web | grep -q '<caption>The last changes, the newest first</caption>'
{
	service_manifest late cluster_ip=10.96.0.11
	slice_manifest late endpoints=pod1
} | manifest late.yaml
wait_until 10 eval "page / | grep -q '<td>Service default/late</td><td>[^<]*late[^<]*changed[^<]*</td><td class=\"n\">[1-9]'"
some='<td class="n">[0-9.]*[1-9][0-9.]*</td>'
wait_until 30 eval "answers client 5 tcp 10.96.0.10 80 >/dev/null
	page /services/default/web | grep -q '<tr><td>10.96.0.10:80/TCP</td>$some$some$some$some$some</tr>'"
wait_until 30 eval "page / | grep 'default/web</a>' | grep -q '<td class=\"n\">1</td><td class=\"n\">0</td><td class=\"n\">0</td>'"

step "what is wrong is told, and is text"
printf 'apiVersion: v1\nkind: Service\nmetadata: {name: "<img src=x onerror=alert(1)>", namespace: default}\n' |
	manifest bad.yaml
wait_until 10 eval "page / | grep -q '&lt;img src=x'"
assert_equal "the page's own markup of that kind" 0 "$(page / | grep -c '<img')"

step "no browser is to run, load or frame anything"
on node curl -s -D - -o /dev/null http://127.0.0.1:10249/ >"$directory/headers"
grep -qi "^content-security-policy: default-src 'none';.*frame-ancestors 'none'" "$directory/headers"
grep -qi '^x-content-type-options: nosniff' "$directory/headers"
