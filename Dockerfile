# The service's image: the binary on a base that has libc and the public authorities, and neither a shell nor packages.
#
# Both bases are arguments, so that a build can pin them by digest:
#   docker build --build-arg RUNTIME=gcr.io/distroless/cc-debian12:nonroot@sha256:… .
# The list of what the image is made of (SBOM) names the crates too, which the image itself does not show.
ARG BUILDKIT_SBOM_SCAN_CONTEXT=true
ARG BUILDER=rust:1.95-slim-bookworm
ARG RUNTIME=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILDER} AS build
WORKDIR /build
ENV CARGO_PROFILE_RELEASE_STRIP=symbols

# The dependencies are built with a stand-in for the service: a change in src/ does not build them again.
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY benches benches
RUN mkdir src \
    && echo '//! Stands in for the service.' > src/lib.rs \
    && printf '//! Stands in for the service.\nfn main() {}\n' > src/main.rs \
    && cargo build --release --locked --bin spake-service

# The files keep their dates, which may be older than what was built from the stand-in.
COPY migrations migrations
COPY src src
RUN touch src/lib.rs src/main.rs \
    && cargo build --release --locked --bin spake-service \
    && mkdir /data

FROM ${RUNTIME}
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/spake-service/
# Nothing is written there unless SPAKE_DATA_DIR says so; a volume that is mounted on it takes its owner.
COPY --from=build --chown=65532:65532 /data /data
COPY --from=build /build/target/release/spake-service /usr/local/bin/spake-service

# On all addresses, for the port is published; which the service refuses to do without API keys, unless it is told to.
ENV SPAKE_HOST=0.0.0.0 \
    SPAKE_ADMIN_ADDR=0.0.0.0:9464
USER 65532:65532
EXPOSE 5000 9464
# Until it is ready it may wait 30 seconds for Redis.
HEALTHCHECK --interval=10s --timeout=6s --start-period=35s --retries=3 \
    CMD ["/usr/local/bin/spake-service", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/spake-service"]

# What a build says of itself. CREATED is the commit's time and not the build's, so that a build can be repeated.
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="spake-service" \
      org.opencontainers.image.description="Password-authenticated key exchange (SPAKE2, SPAKE2+) as an HTTP service" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
