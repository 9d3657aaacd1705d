/**
 * The types of the library in one file, index.d.ts: what src/index.ts exports, and what that needs. tsc writes a file for
 * each module, and the plugin puts these together. It is the last one for Node 20, and is told of no TypeScript 7; it needs
 * none to read declarations.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import { dts } from 'rolldown-plugin-dts'

export async function bundleTypes(folder) {
  const modules = mkdtempSync(join(folder, 'types-'))
  try {
    execFileSync('npx', ['--no-install', 'tsc', '-p', 'tsconfig.types.json', '--outDir', modules], { stdio: 'inherit' })
    await build({
      input: join(modules, 'index.d.ts'),
      plugins: [dts({ dtsInput: true, emitDtsOnly: true, oxc: true, tsconfig: false })],
      output: { dir: folder, format: 'es' },
    })
  } finally {
    rmSync(modules, { recursive: true })
  }
}
