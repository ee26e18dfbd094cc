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

/** The style within the page: the connection that brought the page is free for the script then, and a slow line opens no second one before the first task. */
function styleWithin(): Plugin {
  return {
    name: "style-within",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle = {} }) =>
        html.replace(/\s*<link rel="stylesheet"[^>]* href="\.\/([^"]+)"[^>]*>/g, (_, name: string) => {
          const sheet = bundle[name];
          if (sheet?.type !== "asset") throw new Error(`${name} is not in the bundle`);
          delete bundle[name];
          return `\n    <style>${String(sheet.source).trim()}</style>`;
        }),
    },
  };
}

/** The form lies in a folder of its own: ingest serves nothing else. */
export default defineConfig({
  base: "./",
  publicDir: "public-field",
  define: { __BUILD__: JSON.stringify(build) },
  plugins: [svelte(), styleWithin(), offlineFiles(), packed()],
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
