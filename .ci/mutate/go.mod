// mutate counts the mutants that a package's tests notice: docs/testing.md.
module ukcloud_exporter/mutate

go 1.26.0
