module example.com/external

go 1.26.0

require ukcloud_exporter v0.0.0

replace ukcloud_exporter => ../../..
