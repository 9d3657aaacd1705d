/** dist/, or the folder named: the command, the library for Node and browsers, and its types. */
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
const out = process.argv[2] ?? 'dist'
rmSync(out, { recursive: true, force: true })
await build([
  {
    input: { cli: 'src/cli/main.ts' },
    platform: 'node',
    transform: { define: { __VERSION__: JSON.stringify(version) } },
    output: {
      dir: out,
      format: 'esm',
      minify: { compress: true, mangle: false, codegen: false },
      chunkFileNames: 'chunks/[name]-[hash].js',
    },
  },
  { input: { index: 'src/index.ts' }, platform: 'neutral', output: { dir: out, format: 'esm' } },
])
execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.types.json', '--outDir', `${out}/types`], {
  stdio: 'inherit',
})
