/** dist/, or the folder named: the command, its receiving thread, the library for Node and browsers, and its types. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { transformSync } from 'rolldown/utils'
import { bundleTypes } from './bundle-types.mjs'
import { chunkOf } from './chunks.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const out = process.argv[2] ?? 'dist'
rmSync(out, { recursive: true, force: true })

/** A script of one-byte characters is compiled faster; outside of texts nothing here has others. */
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

/**
 * What is loaded only when it is asked for keeps its constants in variables, and V8 reads a variable anew each time, and
 * looks whether it is still a number. So numbers are put where they are used: here those of one module, and `inlineConst`
 * does it for those that others import.
 */
const numbersInPlace = {
  name: 'numbers-in-place',
  transform: {
    filter: { id: /\/src\/.*\.ts$/ },
    handler(source, id) {
      const define = {}
      const code = source.replace(NUMBER, (_, name, value) => {
        define[name] = value
        return ''
      })
      return { code: transformSync(id, code, { define }).code, moduleType: 'js' }
    },
  },
}
const NUMBER = /^const ([A-Z][A-Z\d_]*) = (-?(?:0x[\da-f_]+|[\d_.]+(?:e\d+)?)(?: (?:\||<<) \d+)?)$/gm

/** commander would load it to start programs for commands, which none of ours asks for; it takes some milliseconds. */
const startsNothing = {
  name: 'starts-nothing',
  resolveId: (id) => (id === 'node:child_process' ? '\0nothing' : undefined),
  load: (id) => (id === '\0nothing' ? 'export default {}' : undefined),
}

const chunk = chunkOf('src/cli/main.ts')

await build([
  {
    input: { cli: 'src/cli/main.ts' },
    platform: 'node',
    // nobody imports it
    preserveEntrySignatures: 'allow-extension',
    transform: { define: { __VERSION__: JSON.stringify(version) } },
    plugins: [numbersInPlace, ascii, startsNothing],
    optimization: { inlineConst: { mode: 'all' } },
    output: {
      dir: out,
      // a script for each kind of work, so that what V8 makes of it can be kept, and hot loops call no other script
      format: 'cjs',
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [
          { name: 'live', test: (id) => chunk(id) === 'live' },
          { name: 'offline', test: (id) => chunk(id) === 'offline' },
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
  { input: { index: 'src/index.ts' }, platform: 'neutral', output: { dir: out, format: 'esm' } },
])
await bundleTypes(out)
execFileSync(process.execPath, ['scripts/code-cache.mjs', out], { stdio: 'inherit' })
