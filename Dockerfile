# Runs the whole service, or one part of it if a role is given:
#
#   docker build --tag twitch-ingestion-service .
#   docker run --env-file .env --volume twitch-state:/app/var twitch-ingestion-service [ROLE]
#
# `docker run twitch-ingestion-service --help` lists the roles (deploy/container/entrypoint). With podman
# or buildah, build with `--format docker`: the OCI format has no place for a health check.

FROM python:3.13-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir .

FROM python:3.13-slim-bookworm
# A numeric user, so that Kubernetes can check that it is not root.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin twitch
COPY --from=build /venv /venv
# The token file is in the volume, so a login outlives the container.
ENV PATH=/venv/bin:$PATH TWITCH_TOKEN_STORE=/app/var/tokenStore.json RUN_AUTH=1 RUN_PUBLISHER=1
WORKDIR /app
COPY supervisord.conf deploy/container/ ./
COPY channels.conf.example channels.conf
# var holds messages that Kafka has not confirmed yet. Containers with one role each can share the
# other two directories: the login, and the link's Unix sockets.
RUN mkdir --mode=0700 var login link && chown twitch var login link
# optout.conf is in the volume, where `twitch-ingestion optout` can write it.
RUN ln -s var/optout/optout.conf optout.conf
VOLUME /app/var
USER 10001

# To stop, readers take up to 10 s to send what they hold, then the publisher takes up to 10 s, and
# auth may wait 15 s for Twitch's response: use `docker stop --time 60`, or 20 for one role.
ENTRYPOINT ["/app/entrypoint"]

HEALTHCHECK --interval=30s --timeout=15s --start-period=30s CMD ["/app/healthcheck"]
