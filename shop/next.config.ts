// The build: a folder that runs alone (`node .next/standalone/server.js`), without image optimisation or its
// native libraries, because all pictures are SVG.

import type { NextConfig } from "next";

// A proxy may change the Host header; server actions then accept the shop's own origin.
const allowedOrigins = process.env.SHOP_ORIGIN ? [new URL(process.env.SHOP_ORIGIN).host] : [];

const nosniff = { key: "X-Content-Type-Options", value: "nosniff" };

const config: NextConfig = {
  output: "standalone",
  outputFileTracingRoot: import.meta.dirname,
  outputFileTracingExcludes: { "*": ["node_modules/@img/**", "node_modules/sharp/**", "node_modules/typescript/**"] },
  turbopack: { root: import.meta.dirname },
  images: { unoptimized: true },
  poweredByHeader: false,
  reactStrictMode: true,
  experimental: { serverActions: { allowedOrigins } },
  redirects: async () => [{ source: "/favicon.ico", destination: "/icon.svg", permanent: true }],
  headers: async () => [
    { source: "/_next/static/:path*", headers: [nosniff] },
    {
      source: "/pictures/:path*",
      headers: [
        nosniff,
        { key: "Cache-Control", value: "public, max-age=86400" },
        { key: "Content-Security-Policy", value: "default-src 'none'; style-src 'unsafe-inline'; sandbox" },
      ],
    },
  ],
};

export default config;
