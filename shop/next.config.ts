// The build: a folder that runs by itself (`node .next/standalone/server.js`), without image optimisation or its
// native libraries, because all pictures are SVG.

import type { NextConfig } from "next";

const config: NextConfig = {
  output: "standalone",
  outputFileTracingRoot: import.meta.dirname,
  outputFileTracingExcludes: { "*": ["node_modules/@img/**", "node_modules/sharp/**", "node_modules/typescript/**"] },
  turbopack: { root: import.meta.dirname },
  images: { unoptimized: true },
  poweredByHeader: false,
  reactStrictMode: true,
};

export default config;
