/** @type {import("next").NextConfig} */
const config = {
  poweredByHeader: false,
  // Loopback gains nothing from gzip, and it would hold back tokens and events that must arrive one by one.
  compress: false,
  images: { unoptimized: true },
  reactStrictMode: true,
  // `npm test` checks types and lint for the whole project; the build does not do it a second time.
  typescript: { ignoreBuildErrors: true },
  devIndicators: false,
  // No question to the network about newer versions: nothing leaves the machine unless the user asks.
  experimental: { agentUpgrade: false },
  agentRules: false,
};

export default config;
