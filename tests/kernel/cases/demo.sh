#!/bin/bash
# time-limit: 90
# What packaging/demo shows.
export DEMO_STARTED=${EPOCHREALTIME/[.,]/}
exec bash "$(dirname "$(readlink -f "$0")")/../../../packaging/demo.d/guest"
