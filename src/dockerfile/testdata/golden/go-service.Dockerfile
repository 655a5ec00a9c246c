# syntax=docker/dockerfile:1
# check=skip=SecretsUsedInArgOrEnv

ARG GO_VERSION=1.26
ARG ALPINE_VERSION=3.23

FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine${ALPINE_VERSION} AS base
WORKDIR /src
ENV CGO_ENABLED=0 GOFLAGS="-trimpath -mod=readonly"
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=bind,source=go.mod,target=go.mod \
    --mount=type=bind,source=go.sum,target=go.sum \
    go mod download

FROM base AS build
# TARGETOS the operating system to build for
ARG TARGETOS
ARG TARGETARCH TARGETVARIANT
ARG VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod,sharing=locked \
    --mount=type=cache,target=/root/.cache/go-build \
    --mount=type=secret,id=netrc,target=/root/.netrc,required \
    --mount=type=ssh \
    --mount=target=. \
    --network=none \
    GOOS=$TARGETOS GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v} \
      go build -ldflags "-s -w -X main.version=$VERSION" -o /out/server ./cmd/server

FROM scratch AS binary
COPY --from=build /out/server /

# runtime what is shipped
FROM alpine:${ALPINE_VERSION} AS Runtime
LABEL org.opencontainers.image.title="server" \
      org.opencontainers.image.version=$VERSION
RUN apk add --no-cache ca-certificates tzdata \
    && adduser -D -u 10001 app
COPY --from=build --chown=10001:10001 --chmod=0755 --link /out/server /usr/local/bin/server
COPY --chown=app <<EOF <<-'CONF' /etc/server/
listen=:8080
home=${HOME}
EOF
	level=info
	price=$5
	CONF
USER app:app
EXPOSE 8443/tcp 8080
VOLUME ["/data", "/var/cache"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=1m30s --start-period=500ms --retries=5 \
  CMD wget -qO- http://localhost:8080/healthz || exit 1
ENTRYPOINT ["/usr/local/bin/server"]
CMD ["--config", "/etc/server/EOF"]
