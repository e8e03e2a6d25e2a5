#!/usr/bin/env bash
# Fetches the program of the release that this action belongs to and checks it against the digest that the
# release's commit holds. Nothing is run that does not match.
set -euo pipefail

fail() {
  echo "::error title=Tollgate::$1"
  exit 2
}

case "${RUNNER_OS:?}/${RUNNER_ARCH:?}" in
  Linux/X64) target=x86_64-unknown-linux-gnu ;;
  Linux/ARM64) target=aarch64-unknown-linux-gnu ;;
  macOS/X64) target=x86_64-apple-darwin ;;
  macOS/ARM64) target=aarch64-apple-darwin ;;
  Windows/X64) target=x86_64-pc-windows-msvc ;;
  *) fail "there is no program for $RUNNER_OS on $RUNNER_ARCH: build it with cargo and run 'tollgate check'" ;;
esac

# Lines of `<sha256>  <version>  <target>`, written by the release.
expected= version=
while read -r sum of for_target; do
  if [ "$for_target" = "$target" ]; then
    expected=$sum
    version=$of
  fi
done < <(grep -v '^#' "$GITHUB_ACTION_PATH/digests.txt" || true)
[ -n "$expected" ] || fail "this commit is no release and knows no digest for $target: use the major tag, such as v1"

extension=
[ "$RUNNER_OS" != Windows ] || extension=.exe
program="${RUNNER_TEMP:?}/tollgate-$version-$expected$extension"
url="${TOLLGATE_SERVER:?}/${TOLLGATE_REPOSITORY:?}/releases/download/$version/tollgate-$target$extension"
curl --fail --silent --show-error --location --retry 3 --max-filesize 100000000 --output "$program.part" "$url" ||
  fail "the program cannot be fetched from $url"

if command -v sha256sum > /dev/null; then
  actual=$(sha256sum < "$program.part" | cut -c1-64)
else
  actual=$(shasum -a 256 < "$program.part" | cut -c1-64)
fi
[ "$actual" = "$expected" ] || fail "the program from $url has the digest $actual, and the release says $expected"

chmod +x "$program.part"
mv "$program.part" "$program"
echo "program=$program" >> "${GITHUB_OUTPUT:?}"
