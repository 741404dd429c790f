# syntax=docker/dockerfile:1
# docker build -t thumbs .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/pictures" -w /pictures thumbs photos/ -o small/
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --bin thumbs

FROM debian:bookworm-slim
COPY --from=build /src/target/release/thumbs /usr/local/bin/thumbs
USER 65534:65534
WORKDIR /pictures
ENTRYPOINT ["thumbs"]
CMD ["--help"]
