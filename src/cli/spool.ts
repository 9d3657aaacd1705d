/** Standard input and pipes are read once; who asks for their bytes again is given them from a file without a name. */
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Source } from '../analysis/inputs/source.ts'
import { printable } from '../model/printable.ts'
import { reasonOf } from '../model/system-error.ts'
import { UserError } from '../model/user-error.ts'

/** To its end, or until it is closed. Gives the file's descriptor. Throws UserError. */
export async function spool(source: Source): Promise<number> {
  const fd = withoutName()
  for await (const block of source.blocks()) write(fd, block)
  return fd
}

/** Gone with the program, however that ends. */
function withoutName(): number {
  return kept(() => {
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
    try {
      return openSync(join(folder, 'input'), 'wx+', 0o600)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
}

function write(fd: number, block: Uint8Array): void {
  for (let at = 0; at < block.length; ) at += kept(() => writeSync(fd, block, at))
}

function kept<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new UserError(`The input cannot be kept in ${printable(tmpdir())}: ${reasonOf(error)}.`)
  }
}
