# The base images; a mirror can be given with --build-arg.
ARG BUILD_IMAGE=golang:1.26-bookworm
ARG CERTS_IMAGE=golang:1.26-bookworm

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
ARG REVISION=unknown
# Static, and with the time zones inside (main imports time/tzdata).
RUN CGO_ENABLED=0 GOTOOLCHAIN=local go build -trimpath \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=${VERSION} -X github.com/prometheus/common/version.Revision=${REVISION}" \
    -o /ukcloud_exporter .
RUN mkdir -m 0700 /state

FROM ${CERTS_IMAGE} AS certs

FROM scratch
COPY --from=certs /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=65532:65532 /state /var/lib/ukcloud_exporter
COPY --from=build /ukcloud_exporter /bin/ukcloud_exporter
USER 65532:65532
EXPOSE 10048
VOLUME /var/lib/ukcloud_exporter
ENTRYPOINT ["/bin/ukcloud_exporter"]
