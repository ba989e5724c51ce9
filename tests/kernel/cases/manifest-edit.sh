#!/bin/bash
# Manifests are followed as people and volumes change them, and a file that does not parse changes nothing.
. "$(dirname "$0")/../lib.sh"

# web ENDPOINT...
web()
{
	service_manifest web cluster_ip=10.96.0.10
	slice_manifest web endpoints="$*"
}

topology_create
for pod in pod1 pod2; do
	answer_start "$pod" tcp/8080
done
web pod1 | manifest web.yaml
agent_start --former-vip-timeout 0s
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"

step "a half-written file keeps the last good content"
web pod1 pod2 >"$directory/complete.yaml"
head -c $(($(wc -c <"$directory/complete.yaml") - 40)) "$directory/complete.yaml" >"$manifests/web.yaml"
wait_until 10 grep -q web.yaml "$agent_log"
sleep 1
assert_equal "the destinations" "10.244.1.1:8080 1" "$(destinations tcp 10.96.0.10:80)"
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.10 80)"
assert_contains "the status" "web.yaml" "$(agent status 2>&1)"

step "its end arrives"
tail -c 40 "$directory/complete.yaml" >>"$manifests/web.yaml"
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1, 10.244.1.2:8080 1"
assert_lacks "the status" "web.yaml" "$(agent status 2>&1)"

step "a file is created, renamed, deleted"
{
	service_manifest two cluster_ip=10.96.0.20
	slice_manifest two endpoints=pod2
} >"$manifests/two.yaml"
wait_for_service tcp 10.96.0.20 80 "10.244.1.2:8080 1"
hold_open two client tcp 10.96.0.20 80
wait_until 20 agent_is_settled
netlink_writes_start
mv "$manifests/two.yaml" "$manifests/renamed.yaml"
sleep 2
assert_equal "the writes because of a rename" "" "$(netlink_writes_stop)"
hold_is_alive two
hold_close two
rm "$manifests/renamed.yaml"
wait_until_equal 10 "the virtual server" "" virtual_server tcp 10.96.0.20:80
wait_until 10 eval '! address_is_bound 10.96.0.20'

step "files of other names are ignored"
service_manifest two cluster_ip=10.96.0.20 >"$manifests/two.yaml~"
service_manifest two cluster_ip=10.96.0.20 >"$manifests/.two.yaml"
sleep 1
assert_equal "the virtual server" "" "$(virtual_server tcp 10.96.0.20:80)"

step "symbolic links are swapped as a ConfigMap volume does it"
agent_stop
rm "$manifests"/* "$manifests"/.[a-z]*
mkdir "$manifests/..first"
web pod1 >"$manifests/..first/web.yaml"
ln -s ..first "$manifests/..data"
ln -s ..data/web.yaml "$manifests/web.yaml"
agent_start
wait_for_service tcp 10.96.0.10 80 "10.244.1.1:8080 1"
mkdir "$manifests/..second"
web pod2 >"$manifests/..second/web.yaml"
ln -s ..second "$manifests/..data_tmp"
mv -T "$manifests/..data_tmp" "$manifests/..data"
rm -r "$manifests/..first"
wait_until_equal 10 "what serves" "10.244.1.2:8080" serving tcp 10.96.0.10:80
assert_equal "asked by client" "pod2 2" "$(answers client 2 tcp 10.96.0.10 80)"

step "JSON, a List, Endpoints, and kinds of no interest"
cat >"$manifests/list.json" <<END
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}},
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "default"},
   "spec": {"clusterIP": "10.96.0.30", "ports": [{"name": "db", "port": 5432, "targetPort": 8080}]}},
  {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "db", "namespace": "default"},
   "subsets": [{"addresses": [{"ip": "10.244.1.1"}], "notReadyAddresses": [{"ip": "10.244.1.3"}],
                "ports": [{"name": "db", "port": 8080}]}]}
]}
END
wait_for_service tcp 10.96.0.30 5432 "10.244.1.1:8080 1"
assert_equal "asked by client" "pod1 2" "$(answers client 2 tcp 10.96.0.30 5432)"

step "SIGHUP reads again"
kill -HUP "$agent_pid"
wait_until 20 grep -q "reloading the manifests" "$agent_log"
sleep 1
agent_is_up
assert_equal "asked by client" "pod2 2" "$(answers client 2 tcp 10.96.0.10 80)"
