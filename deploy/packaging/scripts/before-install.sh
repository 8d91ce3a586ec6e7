#!/bin/sh
# The files of the package belong to this user's group, so it is there before them.
set -e
if ! getent passwd ukcloud_exporter >/dev/null; then
  useradd --system --user-group --no-create-home --home-dir /var/lib/ukcloud_exporter \
    --shell /usr/sbin/nologin --comment 'ukcloud_exporter' ukcloud_exporter
fi
