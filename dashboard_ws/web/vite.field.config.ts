import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { buildId, packed } from "./build-page.ts";

const WORKER = "field-sw";
const build = buildId(["field.html", "vite.field.config.ts", "src/field", "src/lib", "public-field"]);

/** Tells the service worker which files the page needs without a network. */
function offlineFiles(): Plugin {
  return {
    name: "offline-files",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const worker = bundle[`${WORKER}.js`];
      if (worker?.type !== "chunk") throw new Error("the service worker is not in the bundle");
      const files = Object.keys(bundle).filter((name) => name !== worker.fileName && name !== "field.html");
      const kept = ["", ...files, "manifest.webmanifest", "icon.svg"].map((name) => `./${name}`);
      worker.code = worker.code.replace(/(["'`])__FILES__\1/, JSON.stringify(JSON.stringify(kept)));
    },
  };
}

/** The style sheet before the script: the connection that brought the page is free for one of them, and the style alone is awaited by the first paint. */
function styleFirst(): Plugin {
  return {
    name: "style-first",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html) =>
        html.replace(/(\s*<script type="module"[^>]*><\/script>)((?:\s*<link rel="stylesheet"[^>]*>)+)/, "$2$1"),
    },
  };
}

/** The form lies in a folder of its own: ingest serves nothing else. */
export default defineConfig({
  base: "./",
  publicDir: "public-field",
  define: { __BUILD__: JSON.stringify(build) },
  plugins: [svelte(), styleFirst(), offlineFiles(), packed()],
  build: {
    outDir: "dist/field",
    // Phones in the field are old: Android Go with the browser it came with.
    target: ["chrome80", "safari14"],
    cssTarget: "chrome80",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { field: "field.html", [WORKER]: "src/field/worker.ts" },
      output: {
        entryFileNames: (chunk: { name: string }) => (chunk.name === WORKER ? "[name].js" : "assets/[name]-[hash].js"),
      },
    },
  },
});
