import { defineConfig } from 'vitest/config'

/** These run the built command, so it is built before them. */
const BUILT = ['test/cli/*.test.ts', 'test/readme.test.ts']
/** What the kernel judges, in throw-away network namespaces; all of test/live sets tracing up for real. */
const KERNEL = ['test/kernel/**/*.test.ts', 'test/demo/**/*.test.ts', 'test/filter/tcpdump.test.ts']
const LIVE = ['test/live/**/*.test.ts']

const project = (name: string, include: string[], more: { exclude?: string[]; globalSetup?: string } = {}) => ({
  extends: true as const,
  test: { name, include, ...more },
})

export default defineConfig({
  test: {
    testTimeout: 60_000,
    setupFiles: 'test/setup.ts',
    // labs in one process; more of them at once overwrite the kernel's log
    maxConcurrency: 2,
    projects: [
      project('unit', ['test/**/*.test.ts'], { exclude: ['test/corpus/**', ...BUILT, ...KERNEL, ...LIVE] }),
      project('command', BUILT, { globalSetup: 'test/build.ts' }),
      project('kernel', KERNEL, { globalSetup: 'test/build.ts' }),
      project('live', LIVE, { globalSetup: 'test/build.ts' }),
    ],
  },
})
