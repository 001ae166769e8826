import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { apiProxy } from "./proxy";

const frontend = fileURLToPath(new URL("../..", import.meta.url));
const proxy = apiProxy(process.env);

// index.html lies in src/pages, so that is Vite's root; everything else is reached from there.
export default defineConfig({
  root: `${frontend}/src/pages`,
  cacheDir: `${frontend}/node_modules/.vite`,
  publicDir: false,
  plugins: [react()],
  build: { outDir: `${frontend}/dist`, emptyOutDir: true },
  server: { port: 3000, strictPort: true, fs: { allow: [frontend] }, proxy },
  preview: { port: 3000, strictPort: true, proxy },
  test: {
    root: frontend,
    include: ["src/**/*.test.{ts,tsx}"],
    environment: "jsdom",
    setupFiles: ["src/utils/testSetup.ts"],
    testTimeout: 20_000,
    restoreMocks: true,
    unstubGlobals: true,
  },
});
