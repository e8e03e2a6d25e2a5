#!/usr/bin/env bash
# The pages of the service in a real browser, with an accessibility checker. Needs Rust; gets the rest itself.
#
#   tests/pages/run.sh [DIR]     keeps pictures of every page in DIR
#
# What a machine cannot do is printed as `NOT RUN: …`; with CI=true it is a failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
not_run() {
  echo "NOT RUN: $*"
  [ "${CI:-}" != true ] || exit 1
  exit 0
}
SUDO=
[ "$(id -u)" = 0 ] || SUDO=sudo
if ! command -v chromium > /dev/null && command -v apt-get > /dev/null; then
  $SUDO apt-get update -qq || true
  $SUDO apt-get install -y -qq --no-install-recommends chromium > /dev/null 2>&1 || true
fi
node="$PWD/target/tools/pages-node"
if [ ! -d "$node/node_modules/axe-core" ] && command -v npm > /dev/null; then
  mkdir -p "$node"
  npm install --silent --no-audit --no-fund --prefix "$node" playwright-core@1.56.1 axe-core@4.14.1 > /dev/null || true
fi
[ -x /usr/bin/chromium ] || not_run "the pages in a browser; chromium could not be installed"
[ -d "$node/node_modules/axe-core" ] && [ -d "$node/node_modules/playwright-core" ] \
  || not_run "the pages in a browser; playwright-core and axe-core could not be installed"
[ $# -eq 0 ] || export TOLLGATE_PICTURES="$1"
export TOLLGATE_BROWSER="$PWD/tests/pages/browser.mjs" TOLLGATE_NODE_MODULES="$node/node_modules"
cargo test --quiet --locked --workspace --lib -- --exact server::pages::tests::the_pages_work_in_a_browser --nocapture
