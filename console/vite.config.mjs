import { defineConfig } from "vite";

export default defineConfig({
  // Whoever builds it, with whatever NODE_ENV: what is served is what was tested.
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  oxc: { jsx: { development: false } },
  build: {
    outDir: "dist/site",
    emptyOutDir: true,
    // What every browser of the last two years reads; `light-dark()` stays as it is.
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    // The policy of the page takes files and no data: addresses.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  logLevel: "warn",
});
