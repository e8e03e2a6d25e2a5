#!/usr/bin/env bash
# Any CI, or a laptop: run the tests, say how they ended, let Tollgate judge.
set -uo pipefail

if ./ci/test.sh; then outcome=success; else outcome=failure; fi
printf '{"test": {"outcome": "%s"}}\n' "$outcome" > jobs.json
exec tollgate check --base origin/main --jobs jobs.json
