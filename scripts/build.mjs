/** dist/, or the folder named: the command, its receiving thread, the library for Node and browsers, and its types. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { bundleTypes } from './bundle-types.mjs'
import { chunkOf } from './chunks.mjs'
import { libraryBuild } from './library.mjs'
import { notices } from './notices.mjs'
import { buildPage } from './page.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const out = process.argv[2] ?? 'dist'
rmSync(out, { recursive: true, force: true })

/** A script of one-byte characters is read and compiled faster: `explain` of an example takes 4 % less (bench/builds.mjs). */
const ascii = {
  name: 'ascii',
  // behind the minifier, which writes them out
  generateBundle: (_options, bundle) => {
    for (const chunk of Object.values(bundle))
      chunk.code = chunk.code.replace(
        /[^\x00-\x7f]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
  },
}

/** commander would load it to start programs for commands, which none of ours asks for; `--version` takes 7 % longer with it. */
const startsNothing = {
  name: 'starts-nothing',
  resolveId: (id) => (id === 'node:child_process' ? '\0nothing' : undefined),
  load: (id) => (id === '\0nothing' ? 'export default {}' : undefined),
}

/** What a page loads later, the command's scripts have at once: only commands are loaded when they are asked for, one's protocol, and the store. */
const nothingLater = {
  name: 'nothing-later',
  transform: {
    filter: { id: /\/src\/(?!cli\/(?:commands|load|mcp|query|serve-store|storing)\.ts$)/, code: /\bimport\(/ },
    handler(code) {
      const files = []
      const changed = code.replace(
        /(?<!typeof )\bimport\(\s*('\.[^']+')\s*\)/g,
        (_, file) => `Promise.resolve(later${files.push(file) - 1})`,
      )
      return `${files.map((file, i) => `import * as later${i} from ${file}\n`).join('')}${changed}`
    },
  },
}

const chunk = chunkOf('src/cli/main.ts', 'src/cli/commands.ts')
const library = libraryBuild()
const others = notices()

await build([
  {
    input: { cli: 'src/cli/main.ts' },
    platform: 'node',
    // nobody imports it
    preserveEntrySignatures: 'allow-extension',
    transform: { define: { __VERSION__: JSON.stringify(version) } },
    plugins: [ascii, startsNothing, nothingLater, others.plugin],
    output: {
      dir: out,
      // a script for each kind of work, so that what V8 makes of it can be kept, and hot loops call no other script
      format: 'cjs',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [
          { name: 'machines', test: (id) => chunk(id) === 'machines' },
          { name: 'mcp', test: (id) => chunk(id) === 'mcp' },
          { name: 'store', test: (id) => chunk(id) === 'store' },
          { name: 'server', test: (id) => chunk(id) === 'server' },
          { name: 'live', test: (id) => chunk(id) === 'live' },
          { name: 'offline', test: (id) => chunk(id) === 'offline' },
          { name: 'serve', test: (id) => chunk(id) === 'serve' },
        ],
      },
      entryFileNames: '[name].cjs',
      chunkFileNames: '[name].cjs',
      // names stay, so that a stack says where it was
      minify: { compress: true, mangle: false, codegen: true },
    },
  },
  {
    input: { receiver: 'src/kernel/receiver-thread.ts' },
    platform: 'node',
    output: { dir: out, format: 'cjs', codeSplitting: false, entryFileNames: '[name].cjs' },
  },
  {
    input: { drops: 'src/kernel/bpf/drops-thread.ts' },
    platform: 'node',
    output: { dir: out, format: 'cjs', codeSplitting: false, entryFileNames: '[name].cjs' },
  },
  { ...library, platform: 'neutral', output: { ...library.output, dir: out } },
])
await buildPage(`${out}/page`, [others.plugin])
writeFileSync(`${out}/THIRD-PARTY.txt`, others.text())
await bundleTypes(out)
execFileSync(process.execPath, ['scripts/code-cache.mjs', out], { stdio: 'inherit' })
writeFileSync(`${out}/nfwhy.1`, execFileSync(process.execPath, ['scripts/man.mjs', out]))
