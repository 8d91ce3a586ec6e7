# The image of the released binary, built here: docker build -t ukcloud_exporter .
# (make image puts the version in). BUILD_IMAGE is any with Go, a shell and CA
# certificates.
ARG BUILD_IMAGE=golang:1.26-bookworm

FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /src
# A Go module proxy of one's own.
ARG GOPROXY
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=unknown
ARG REVISION=unknown
# Static, and with the time zones inside (main imports time/tzdata).
RUN CGO_ENABLED=0 GOTOOLCHAIN=local GOOS=${TARGETOS} GOARCH=${TARGETARCH} go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/prometheus/common/version.Version=${VERSION} -X github.com/prometheus/common/version.Revision=${REVISION}" \
    -o /rootfs/bin/ukcloud_exporter .
RUN mkdir -p /rootfs/etc/ssl/certs /rootfs/var/lib/ukcloud_exporter && \
    cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ && \
    chmod 0700 /rootfs/var/lib/ukcloud_exporter && \
    chown 65532:65532 /rootfs/var/lib/ukcloud_exporter

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ukcloud_exporter" \
      org.opencontainers.image.description="Prometheus exporter and billing collector for the UKCloud Portal API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /rootfs /
# Without it a restart would try a rejected login again, and three lock the account.
# It needs a volume that outlives the container.
ENV UKCLOUD_STATE_DIR=/var/lib/ukcloud_exporter
VOLUME /var/lib/ukcloud_exporter
USER 65532:65532
EXPOSE 10048
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/bin/ukcloud_exporter", "health", "--url=http://127.0.0.1:10048/-/healthy"]
ENTRYPOINT ["/bin/ukcloud_exporter"]
