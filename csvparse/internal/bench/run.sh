#!/bin/sh
# Measures csvparse against encoding/csv and DuckDB; arguments go to the bench
# program. DuckDB comes from npm; without npm it is left out, loudly.
set -eu
cd "$(dirname "$0")"
bench=$(mktemp)
trap 'rm -f "$bench"' EXIT
go build -o "$bench" .
if command -v npm >/dev/null; then
	npm install --no-package-lock --no-audit --no-fund --loglevel=error >&2
	"$bench" -duckdb . "$@"
else
	echo "NO NPM: DUCKDB IS NOT MEASURED" >&2
	"$bench" "$@"
fi
