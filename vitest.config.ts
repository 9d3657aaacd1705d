import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { LATEST } from './test/latest.ts'

/** These run the built command, so it is built before them. */
const BUILT = [
  'test/cli/*.test.ts',
  'test/mcp/*.test.ts',
  ...['test/readme.test.ts', 'test/docs/findings.test.ts', 'test/docs/guides.test.ts'],
]
/** What the kernel judges, in throw-away network namespaces; all of test/live sets tracing up for real. */
const KERNEL = ['test/kernel/**/*.test.ts', 'test/problems/*.test.ts']
/** Some of it is traced by the kernel's log, and some by nft within a namespace (test/kernel/lab/lane.ts). */
const BOTH = [
  'test/kernel/healthy-many.test.ts',
  'test/kernel/injected-faults.test.ts',
  'test/problems/problems.test.ts',
  'test/problems/random.test.ts',
  'test/problems/variants.test.ts',
]
/** Nothing of these is told outside of its own namespaces: hardly a rule logs a packet, and nobody listens for drops. */
const NETNS = [
  'test/demo/**/*.test.ts',
  'test/filter/tcpdump.test.ts',
  'test/kernel/bpf/*.test.ts',
  'test/problems/needs-all.test.ts',
  ...[
    ...['asymmetric', 'bridge-arp', 'chain-loops', 'conditions', 'edits', 'edits-ip', 'extensions', 'host'],
    ...['iptables-list', 'iptables-save'],
    ...['let-through', 'nat-and-routes', 'nft-conditions', 'nft-rare', 'nft-text', 'receiver', 'receiver-equality'],
    ...['routes', 'rulesets', 'scripts', 'trace-nft'],
  ].map((name) => `test/kernel/${name}.test.ts`),
]
const LIVE = ['test/live/**/*.test.ts']
/** Parts of a session by themselves, which run anywhere: they set nothing up, and wait for no moment. */
const PARTS = [
  ...[
    'hostile-names',
    'injection',
    'pace',
    'reading',
    'ruleset-versions',
    'backends/choose',
    'collect/bundle',
    'script/frames',
  ],
  ...['doctor/at-ingress', 'doctor/log-daemons', 'doctor/recorded', 'doctor/wish', 'survey/facts', 'state-reader'],
  'backends/hooks-to-show',
].map((name) => `test/live/${name}.test.ts`)
/**
 * They ask no kernel and set nothing up, and mostly wait: for machines that lie (test/live/lab/far-side.ts), which are given
 * up after a second or more, and for shells. What they wait for comes in its order, however late.
 */
const FAR_SIDES = ['collect/gather', 'guard-process', 'script/script', 'streams/program', 'trace-host'].map(
  (name) => `test/live/${name}.test.ts`,
)
/** The built page in a browser. */
const PAGE = ['test/page/**/*.test.ts']
/** One replaces a module and imports other tests: files behind it in the same process would get both. One weighs memory. */
const ALONE = ['test/explain/hostile-names.test.ts', 'test/live/load.test.ts']

/** One group, so that a worker that is free takes the next file of any of them. `scripts/test` runs it beside `kernel`, and `unit` beside `live`. */
const BESIDE = { groupOrder: 1 }

const project = (name: string, test: TestProjectInlineConfiguration['test']) => ({
  extends: true as const,
  test: { name, ...test },
})

export default defineConfig({
  test: {
    // what hangs is found; what is slow on a busy machine is not
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: LATEST } },
    // Where it is decided what lands (`scripts/test --strict`), a test gets a second try: much hangs on a kernel, a browser, a
    // busy machine. scripts/outcome.mjs lists each that needed it, to be mended, and fails where they are many.
    retry: process.env.NFWHY_SECOND_TRY ? 1 : 0,
    setupFiles: 'test/setup.ts',
    // else what is proposed would hang on how the tests call it
    env: { NFWHY_CALLED_AS: 'nfwhy' },
    // labs in one process; more of them at once overwrite the kernel's log
    maxConcurrency: 2,
    // all processors; by itself vitest leaves one to those who watch files
    maxWorkers: '100%',
    // what a file becomes is kept in node_modules/.experimental-vitest-cache: eight projects, and other versions of Node, read the same
    experimental: { fsModuleCache: true },
    tags: [
      {
        name: 'slow',
        description: 'takes seconds: megabytes, servers, labs, what is killed or waits. CI runs it, npm test does not',
      },
    ],
    projects: [
      // one process for all files that a worker takes: modules are loaded, and compiled, once
      project('unit', {
        include: ['test/**/*.test.ts'],
        exclude: ['test/corpus/**', ...BUILT, ...KERNEL, ...NETNS, ...LIVE, ...ALONE, ...PAGE],
        isolate: false,
        sequence: BESIDE,
      }),
      project('alone', { include: ALONE, sequence: BESIDE }),
      project('far', { include: FAR_SIDES, isolate: false, sequence: BESIDE }),
      project('page', {
        include: PAGE,
        globalSetup: 'test/build.ts',
        isolate: false,
        sequence: BESIDE,
      }),
      project('command', { include: [...BUILT, ...PARTS], globalSetup: 'test/build.ts', isolate: false }),
      // what works in namespaces of its own alone
      project('netns', {
        include: [...NETNS, ...BOTH],
        globalSetup: 'test/build.ts',
        isolate: false,
        env: { NFWHY_LANE: 'netns' },
        sequence: BESIDE,
      }),
      // One file at a time: they write the kernel's log, and read it, and set nf_log_all_netns, both of which a machine has
      // once; or listen for the whole machine's drops. What runs beside them neither traces to the log nor writes there:
      // not `command`, which plays demos and asks doctor. Beside `live`, which waits for moments and goes first, runs what neither
      // traces nor waits for moments (scripts/test).
      project('kernel', {
        include: KERNEL,
        exclude: NETNS,
        globalSetup: 'test/build.ts',
        isolate: false,
        maxWorkers: 1,
        env: { NFWHY_LANE: 'log' },
        sequence: { groupOrder: 2 },
      }),
      project('live', {
        include: LIVE,
        exclude: [...PARTS, ...FAR_SIDES, ...ALONE],
        globalSetup: 'test/build.ts',
        isolate: false,
        maxWorkers: 1,
        // sessions mostly wait, each on a machine of its own: for a deadline, for a silence, for what was killed
        maxConcurrency: 4,
        sequence: { groupOrder: 3 },
      }),
    ],
  },
})
