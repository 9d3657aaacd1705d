import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** These run the built command, so it is built before them. */
const BUILT = ['test/cli/*.test.ts', 'test/readme.test.ts', 'test/docs/findings.test.ts']
/** What the kernel judges, in throw-away network namespaces; all of test/live sets tracing up for real. */
const KERNEL = [
  'test/kernel/**/*.test.ts',
  'test/problems/*.test.ts',
  'test/demo/**/*.test.ts',
  'test/filter/tcpdump.test.ts',
]
const LIVE = ['test/live/**/*.test.ts']
/** It replaces a module, and imports other tests: files behind it in the same process would get both. */
const ALONE = ['test/explain/fixes.test.ts', 'test/explain/hostile-names.test.ts']

const project = (name: string, test: TestProjectInlineConfiguration['test']) => ({
  extends: true as const,
  test: { name, ...test },
})

export default defineConfig({
  test: {
    // what hangs is found; what is slow on a busy machine is not
    testTimeout: 240_000,
    setupFiles: 'test/setup.ts',
    // else what is proposed would hang on how the tests call it
    env: { NFWHY_CALLED_AS: 'nfwhy' },
    // labs in one process; more of them at once overwrite the kernel's log
    maxConcurrency: 2,
    // all processors; by itself vitest leaves one to those who watch files
    maxWorkers: '100%',
    projects: [
      // one process for all files that a worker takes: modules are loaded, and compiled, once
      project('unit', {
        include: ['test/**/*.test.ts'],
        exclude: ['test/corpus/**', ...BUILT, ...KERNEL, ...LIVE, ...ALONE],
        isolate: false,
      }),
      project('alone', { include: ALONE }),
      project('command', { include: BUILT, globalSetup: 'test/build.ts', isolate: false }),
      // Behind these, one after the other, and one file at a time: they write the kernel's log, and read it, and set
      // nf_log_all_netns, both of which a machine has once. Beside `kernel` may run what neither traces nor logs (unit,
      // alone; scripts/test does so): it measures its own processor time only. `command` may not, as it plays demos and asks
      // doctor; nor may anything run beside `live`, which waits for moments.
      project('kernel', {
        include: KERNEL,
        globalSetup: 'test/build.ts',
        maxWorkers: 1,
        sequence: { groupOrder: 1 },
      }),
      project('live', { include: LIVE, globalSetup: 'test/build.ts', maxWorkers: 1, sequence: { groupOrder: 2 } }),
    ],
  },
})
