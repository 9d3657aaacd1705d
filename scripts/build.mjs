/** dist/, or the folder named: the command, the library for Node and browsers, and its types. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const out = process.argv[2] ?? 'dist'
rmSync(out, { recursive: true, force: true })

/** A script of one-byte characters is compiled faster; outside of texts nothing here has others. */
const ascii = {
  name: 'ascii',
  renderChunk: (code) =>
    code.replace(/[^\x00-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
}

await build([
  {
    input: { cli: 'src/cli/main.ts' },
    platform: 'node',
    transform: { define: { __VERSION__: JSON.stringify(version) } },
    plugins: [ascii],
    output: {
      dir: out,
      format: 'esm',
      // names stay, so that a stack says where it was
      minify: { compress: true, mangle: false, codegen: true },
      chunkFileNames: 'chunks/[name]-[hash].js',
    },
  },
  { input: { index: 'src/index.ts' }, platform: 'neutral', output: { dir: out, format: 'esm' } },
])
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.types.json', '--outDir', `${out}/types`], {
  stdio: 'inherit',
})
