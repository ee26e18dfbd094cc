/** What the builds of all pages share. */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const GZIP_LEVEL = 9;
const PACKED = /\.(?:js|css|html|svg|webmanifest)$/;

/** Hash of all that a page is made from, except `left out`: the same sources give the same build id. */
export function buildId(paths: readonly string[], leftOut: readonly string[] = []): string {
  const hash = createHash("sha256");
  const take = (path: string): void => {
    if (leftOut.includes(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) take(join(path, name));
    } else if (!path.endsWith(".test.ts")) {
      hash.update(path).update("\0").update(readFileSync(path));
    }
  };
  for (const path of [...paths, "package-lock.json", "build-page.ts"]) take(path);
  return hash.digest("hex").slice(0, 12);
}

/** Beside each text file its gzip: servers send that, so a page costs a slow line a third. */
export function packed(): Plugin {
  return {
    name: "packed",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const [name, file] of Object.entries(bundle)) {
          if (!PACKED.test(name)) continue;
          const source = gzipSync(file.type === "chunk" ? file.code : file.source, { level: GZIP_LEVEL });
          this.emitFile({ type: "asset", fileName: `${name}.gz`, source });
        }
      },
    },
  };
}
