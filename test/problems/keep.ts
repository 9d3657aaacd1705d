/** What was collected, as files of a folder, for `nfwhy explain`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Input } from '../../src/index.ts'

export function keepInputs(folder: string, inputs: readonly Input[]): void {
  for (const input of inputs) {
    const path = join(folder, input.name)
    mkdirSync(dirname(path), { recursive: true })
    if ('text' in input) writeFileSync(path, input.text)
    else if ('bytes' in input) writeFileSync(path, input.bytes)
  }
}
