GO ?= go
export GOTOOLCHAIN = local

# The version is the newest tag, or the commit.
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
BRANCH   ?= $(shell git rev-parse --abbrev-ref HEAD 2>/dev/null || echo unknown)
PKG       = github.com/prometheus/common/version
LDFLAGS   = -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Revision=$(REVISION) -X $(PKG).Branch=$(BRANCH)

.PHONY: all build demo test test-short rules lint mutate generate screenshots bench fuzz soak dist image test-packaging clean

all: build

## build: the static binary ./ukcloud_exporter
build:
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o ukcloud_exporter .

## demo: a simulated portal and the exporter, with nothing installed but Go; Ctrl-C ends it;
## DEMO=--vms=2000 gives it flags
DEMO ?=
demo: build
	@./ukcloud_exporter demo $(DEMO) # not go run, which ends with 1 at Ctrl-C whatever the program does

## test: every test, with the race detector, and what was skipped and why; on root it installs
## promtool and the servers that some of them use
test:
	.ci/install
	.ci/test

## test-short: under a minute, for the loop of work: no servers, no soaks, no race detector
test-short:
	$(GO) test -short ./...

## test-packaging: what is released, on this machine and in the image: packages, unit,
## image, chart; installs what builds and checks them
test-packaging:
	.ci/install-packaging
	cd deploy/packaging && $(GO) test -timeout 30m ./...

## dist: deb, rpm, archives, SBOMs and checksums in dist/; the same commit gives the same bytes
COMMIT_TIME ?= $(shell git log -1 --format=%ct)
dist:
	cd deploy/packaging && $(GO) run ./dist -source ../.. -out ../../dist -version '$(VERSION)' -revision '$(REVISION)' -time $(COMMIT_TIME)

## image: the container image ukcloud_exporter:local, by docker, podman or buildah
ENGINE ?= docker
image:
	$(ENGINE) build --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) -t ukcloud_exporter:local .

## rules: the rule tests again, with promtool of Prometheus 3; the first build of that takes some minutes
rules:
	.ci/promtool3/test

## lint: golangci-lint with .golangci.yml; fetched and built by the first call
lint:
	$(GO) tool -modfile=.ci/lint/go.mod golangci-lint run ./...

## mutate: how many mutants of a package its own short tests notice (docs/testing.md);
## PACKAGE="./money ./internal/web" chooses, PACKAGE=all is hours; MUTATE=-only=estate.go gives it flags
PACKAGE ?= ./money
MUTATE  ?=
mutate:
	$(GO) run -C .ci/mutate . $(MUTATE) $(if $(filter all,$(PACKAGE)),$(shell $(GO) list -f '{{.Dir}}' ./...),$(abspath $(PACKAGE)))

## generate: dashboards, docs/metrics.md, flags.md and configuration.md, plain manifests
generate:
	$(GO) generate ./...
	cd deploy/packaging && $(GO) generate ./...

## screenshots: what the pages look like, in docs/images; look at them afterwards
screenshots:
	.ci/install
	$(GO) test -C internal/testutil/browser -count=1 -run TestScreenshots . -args -images=$(CURDIR)/docs/images

## bench: the figures of docs/performance.md
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...
	csvparse/internal/bench/run.sh

## fuzz: every fuzz target for a minute; making an input smaller is given up soon, because
## where goroutines run their coverage never repeats and it would take the whole minute
FUZZTIME ?= 60s
fuzz:
	@$(GO) list -f '{{.Dir}}' ./... | while read -r dir; do \
	  grep -ho '^func Fuzz[A-Za-z0-9_]*' "$$dir"/*_test.go 2>/dev/null | sed 's/^func //' | while read -r target; do \
	    (cd "$$dir" && $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x .) || exit 1; \
	  done || exit 1; \
	done

## soak: about an hour of simulated days with a portal that fails at random
SOAK ?= 350
soak:
	$(GO) test -timeout 3h -run TestSoak ./internal/app -args -soak=$(SOAK)

clean:
	rm -rf ukcloud_exporter dist
