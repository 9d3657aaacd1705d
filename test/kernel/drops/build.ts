/** The thread that watches drops and a program that uses it, built for tests: below the project's folder, where koffi is found. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'rolldown'
import { afterAll } from 'vitest'
import { ROOT } from '../../docs/sources.ts'

export interface Built {
  thread: string
  program: string
}

/** There while the file's tests run. */
export async function buildDrops(): Promise<Built> {
  const dir = join(ROOT, `tmp/drops-${process.pid}`)
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  await build([
    {
      input: { watch: join(ROOT, 'test/kernel/drops/watch.ts') },
      platform: 'node',
      output: { dir, format: 'esm', entryFileNames: '[name].mjs' },
    },
    {
      input: { drops: join(ROOT, 'src/kernel/bpf/drops-thread.ts') },
      platform: 'node',
      output: { dir, format: 'cjs', entryFileNames: '[name].cjs' },
    },
  ])
  return { thread: join(dir, 'drops.cjs'), program: join(dir, 'watch.mjs') }
}
