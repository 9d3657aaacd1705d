import { defineConfig } from 'vitest/config'

/** The suite over real files that nobody here wrote; it runs where `../shared/corpus` (or NFWHY_CORPUS) is. */
export default defineConfig({
  test: { setupFiles: 'test/setup.ts', include: ['test/corpus/**/*.test.ts'], testTimeout: 120_000 },
})
