# shellcheck shell=bash
say "pod2 is not ready for a while, and the requests go on: none of them is lost"
touch "$directory/asking"
at client "while [ -e $directory/asking ]; do
	curl -sSN 'http://10.96.0.20/?[1-10]' || echo lost
done" >"$directory/requests" 2>&1 </dev/null &
asking=$!

# requests_since LINE COUNT [POD]: there have been so many more, and one of them to that pod
requests_since()
{
	[ "$(wc -l <"$directory/requests")" -ge $(($1 + $2)) ] && tail -n +$(($1 + 1)) "$directory/requests" | grep -q "${3:-}"
}

wait_until 20 requests_since 0 20 pod2
sed '/10.244.1.2/,/nodeName/s/ready: true/ready: false/' "$here/manifests/web.yaml" | manifest web.yaml
diff -U1 "$here/manifests/web.yaml" "$manifests/web.yaml" | sed 1,3d | indent
wait_until_equal 10 "who serves web" "10.244.1.1:8080, 10.244.2.1:8081" serving tcp 10.96.0.20:80
show node1 "ipvsagent explain 192.168.77.1 10.96.0.20:80 | grep -e '^  endpoints' -e 10.244.1.2" <<-END
	  endpoints       2 of 3: *
	  10.244.1.2:8080 is not used: *
END
out=$(wc -l <"$directory/requests")
wait_until 20 requests_since "$out" 30
back=$(wc -l <"$directory/requests")
assert_lacks "who answered meanwhile" pod2 "$(sed -n "$((out + 2)),${back}p" "$directory/requests")"
manifest web.yaml <"$here/manifests/web.yaml"
wait_until 20 requests_since "$back" 20 pod2
rm "$directory/asking"
wait "$asking"
show client "cut -d, -f1 $directory/requests | sort | uniq -c" <<-END
	 *web on pod1:8080
	 *web on pod2:8080
	 *web on rpod1:8081
END
assert_lacks "the requests" lost "$(cat "$directory/requests")"
assert_equal "answers that are not from the web pods" "" "$(grep -v '^web on r*pod[12]:808[01], asked by 192.168.77.10$' "$directory/requests")"
