import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { buildId, packed } from "./build-page.ts";

/** Walls reload only for news of their own page. */
const build = buildId(["index.html", "vite.config.ts", "src"], ["src/field"]);

/** The gateway reads version.json to tell open walls that there is a newer page. */
function versionFile(): Plugin {
  return {
    name: "version-file",
    apply: "build",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "version.json", source: `${JSON.stringify({ build })}\n` });
    },
  };
}

export default defineConfig({
  base: "./",
  define: { __BUILD__: JSON.stringify(build) },
  plugins: [svelte(), versionFile(), packed()],
  // Nothing inlined: the page runs under default-src 'self'.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "desk.html"] },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
