# One static binary without the stand-ins, and nothing else: no shell, no root.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY schemas schemas
COPY internal internal
COPY streams streams
COPY services services
COPY cmd cmd
RUN --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -tags external -ldflags='-s -w' -o /cashtag ./cmd/cashtag

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /cashtag /cashtag
USER 65532:65532
EXPOSE 8222
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/cashtag", "health"]
ENTRYPOINT ["/cashtag"]
