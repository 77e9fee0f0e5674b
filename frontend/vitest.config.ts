import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": import.meta.dirname } },
  test: { include: ["{lib,i18n,preferences,api,features}/**/*.test.ts"], environment: "node" },
});
