import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

// The folders are layers, and an arrow between them points one way only: ui -> media, ui -> protocol, ui -> words.
const page = ["document", "window", "localStorage", "sessionStorage", "history", "location"];
const sockets = ["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "RTCPeerConnection"];

const layer = (files, globals, imports, why) => ({
  files,
  rules: {
    "no-restricted-globals": ["error", ...globals.map((name) => ({ name, message: why }))],
    "no-restricted-imports": [
      "error",
      { patterns: imports.map((group) => ({ group: [`**/${group}/**`, group], message: why })) },
    ],
  },
});

export default defineConfig(
  { ignores: ["dist", "node_modules", "src/protocol/generated"] },
  {
    files: ["**/*.{ts,tsx}"],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: ["tsconfig.json", "tests/tsconfig.json"], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: ["error", "always"],
      "no-console": "error",
      "@typescript-eslint/consistent-type-definitions": ["error", "type"],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      // `() => signal.value = x` as an event handler reads well, and its value goes nowhere.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // DOM handlers of preact take promises that handle their own failures.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
    },
  },
  layer(["src/protocol/**"], page, ["media", "ui", "preact", "@preact"], "protocol knows no page"),
  layer(["src/media/**"], [...page, ...sockets], ["protocol", "ui", "preact", "@preact"], "media knows no page and no server"),
  layer(["src/words/**"], [...page, ...sockets], ["protocol", "media", "ui", "preact", "@preact"], "words know nothing but language"),
  layer(["src/ui/**"], sockets, [], "ui opens no connection: that is protocol's"),
);
