import { defineConfig } from 'vitest/config'

const command = [
  'test/cli/*.test.ts',
  'test/readme.test.ts',
  'test/kernel/capture-recipe.test.ts',
  'test/live/{kills,killed-at-once,safety,interrupted,save,told,stalled-reader,looking,ssh,via,cases,unmet}.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 60_000,
    // labs in one process; more of them at once overwrite the kernel's log
    maxConcurrency: 2,
    projects: [
      {
        extends: true,
        test: { name: 'library', include: ['test/**/*.test.ts'], exclude: ['test/corpus/**', ...command] },
      },
      // these run the built command, so it is built before them
      { extends: true, test: { name: 'command', include: command, globalSetup: 'test/build.ts' } },
    ],
  },
})
