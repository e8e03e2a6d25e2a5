# Three stages. `build` compiles (BUILDER may bring its own `cargo`); `serve` is the organisation's service;
# `action` comes last, because GitHub builds the last stage of the `Dockerfile` that `action.yml` names.
ARG BUILDER=docker.io/library/rust:1.95-slim-bookworm

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
# A static binary needs no file of the image beside it. The target is named so that the flag does not reach
# build scripts and procedural macros.
RUN target="$(uname -m)-unknown-linux-gnu" \
 && RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --profile dist --target "$target" --bin tollgate \
 && mkdir -p /out/etc \
 && cp "target/$target/dist/tollgate" /out/tollgate \
 && printf '[safe]\n\tdirectory = *\n' > /out/etc/gitconfig

FROM scratch AS serve
COPY --from=build /out/ /
USER 65532:65532
ENTRYPOINT ["/tollgate"]
CMD ["serve"]

# No USER: the workspace belongs to the runner's user, and the runner's files are written by root
# (https://docs.github.com/actions/sharing-automations/creating-actions/dockerfile-support-for-github-actions#user).
# `safe.directory = *` stands in /etc/gitconfig for the same reason.
FROM scratch AS action
COPY --from=build /out/ /
ENTRYPOINT ["/tollgate"]
