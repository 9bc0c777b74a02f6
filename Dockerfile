# The whole service, or one part of it, if a role is named:
#
#   docker build --tag twitch-ingestion-service .
#   docker run --env-file .env --volume twitch-state:/app/var twitch-ingestion-service [ROLE]
#
#   readers          a reader for each channel, under supervisord
#   reader CHANNEL   one reader
#   publisher        the publisher; with `tail`, what is in the topic
#   auth             what keeps the login valid; with `login --device`, the login
#
# Anything else is a command to run instead: python -m common.keys, say.

FROM python:3.11-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir .

FROM python:3.11-slim-bookworm
# A number, so that Kubernetes can tell that it is not root.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin twitch
COPY --from=build /venv /venv
# A login lasts as long as the volume does.
ENV PATH=/venv/bin:$PATH TWITCH_TOKEN_STORE=/app/var/tokenStore.json RUN_AUTH=1 RUN_PUBLISHER=1
WORKDIR /app
COPY supervisord.conf channels.conf deploy/container/ ./
# In var lies what is not in Kafka yet when the container ends. Containers that are on their own
# with one role can share the other two: the login, and the link's Unix sockets.
RUN mkdir --mode=0700 var login link && chown twitch var login link
VOLUME /app/var
USER 10001

# When told to stop, readers take up to 10 s to hand over what they hold, then the publisher does,
# and auth may wait 15 s for Twitch's answer: `docker stop --time 60`, or 20 for one role.
ENTRYPOINT ["/app/entrypoint"]

HEALTHCHECK --interval=30s --timeout=15s --start-period=30s CMD ["/app/healthcheck"]
