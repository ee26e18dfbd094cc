import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

/** Hash of all that the page is made from: the same sources give the same build id, so walls reload only for news. */
function buildId(): string {
  const hash = createHash("sha256");
  const take = (path: string): void => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) take(join(path, name));
    } else if (!path.endsWith(".test.ts")) {
      hash.update(path).update("\0").update(readFileSync(path));
    }
  };
  for (const path of ["index.html", "package-lock.json", "vite.config.ts", "src"]) take(path);
  return hash.digest("hex").slice(0, 12);
}

const build = buildId();

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
  plugins: [svelte(), versionFile()],
  // Nothing inlined: the page runs under default-src 'self'.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ["index.html", "desk.html"] },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
