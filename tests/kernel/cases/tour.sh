#!/bin/bash
# time-limit: 180
# What packaging/demo --tour shows.
export DEMO_STARTED=${EPOCHREALTIME/[.,]/}
exec bash "$(dirname "$(readlink -f "$0")")/../../../packaging/demo.d/tour/guest"
