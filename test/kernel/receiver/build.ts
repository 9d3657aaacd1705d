/** The receiving thread and a program that uses it, built for tests that start it inside a namespace. */
import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'rolldown'
import { afterAll } from 'vitest'
import { ROOT } from '../../docs/sources.ts'

/** What keeps a process from receiving here, besides rights; undefined: nothing does. */
export function whyNoReceiver(): string | undefined {
  try {
    createRequire(import.meta.url)('koffi')
    return undefined
  } catch {
    return 'not installed: koffi'
  }
}

/** Gives the path of the program, which is there while the file's tests run. Below the project's folder, where koffi is found. */
export async function buildReceiver(): Promise<string> {
  const dir = join(ROOT, `tmp/receiver-${process.pid}`)
  afterAll(() => rmSync(dir, { recursive: true, force: true }))
  await build([
    {
      input: { receive: join(ROOT, 'test/kernel/receiver/receive.ts') },
      platform: 'node',
      output: { dir, format: 'esm', entryFileNames: '[name].mjs' },
    },
    {
      input: { receiver: join(ROOT, 'src/kernel/receiver-thread.ts') },
      platform: 'node',
      output: { dir, format: 'cjs', entryFileNames: '[name].cjs' },
    },
  ])
  return join(dir, 'receive.mjs')
}
