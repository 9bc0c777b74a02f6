# The whole service: publisher, channels and one reader a channel, under supervisord.
#   docker build --tag twitch-ingestion-service .
#   docker run --env-file .env --volume twitch-state:/app/var twitch-ingestion-service

FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir .

FROM python:3.11-slim
# A number, so that Kubernetes can tell that it is not root.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin twitch
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY supervisord.conf channels.conf ./
# What is not in Kafka yet when the container ends lies here.
RUN mkdir --mode=0700 var && chown twitch var
VOLUME /app/var
USER 10001

# supervisord is process 1. When told to stop, the readers take up to 10 s to hand over what they
# hold, and the publisher up to 10 s more: `docker stop --time 30`.
CMD ["supervisord", "-c", "/app/supervisord.conf"]

# All programs have to run; only `channels` has ended once it has started the readers.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
    CMD supervisorctl -c /app/supervisord.conf status \
        | awk '$1 != "channels" && $2 != "RUNNING" { print; bad = 1 } END { exit bad || !NR }'
