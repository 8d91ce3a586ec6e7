#!/bin/sh
# Measures csvparse, and billing summary, verify and focus, against encoding/csv, and
# csvparse and billing export against DuckDB; arguments go to the bench program. DuckDB
# comes from npm; without npm what needs it is left out, loudly.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/bench" .
CGO_ENABLED=0 go build -trimpath -o "$dir/ukcloud_exporter" ../../..
if command -v npm >/dev/null; then
	npm install --no-package-lock --no-audit --no-fund --loglevel=error >&2
	"$dir/bench" -exporter "$dir/ukcloud_exporter" -duckdb . "$@"
else
	echo "NO NPM: DUCKDB IS NOT MEASURED, AND EXPORT IS NOT MEASURED" >&2
	"$dir/bench" -exporter "$dir/ukcloud_exporter" "$@"
fi
