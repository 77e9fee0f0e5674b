import type { NextConfig } from "next";

// `BACKEND` is for `npm run dev` only: the exported pages always ask the server they came from.
const backend = process.env.BACKEND ?? "http://127.0.0.1:8000";
const developing = process.env.NODE_ENV === "development";

const config: NextConfig = {
  // In development the API lives elsewhere and is passed through; an export can't have rewrites.
  ...(developing
    ? { rewrites: async () => [{ source: "/api/:path*", destination: `${backend}/api/:path*` }] }
    : { output: "export", trailingSlash: true }),
  reactStrictMode: true,
  images: { unoptimized: true },
  poweredByHeader: false,
  devIndicators: false,
};

export default config;
