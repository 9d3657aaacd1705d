/** A folder for a case's files, and output that is kept. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Output } from '../../src/cli/stdout.ts'
import type { CaseFile } from './case.ts'

/** In memory where the system has such a place. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

export class Room {
  readonly folder = mkdtempSync(join(PLACE, 'nfwhy-fuzz-'))

  /** Their paths. Files of cases before stay where they have another name. */
  lay(files: readonly CaseFile[]): string[] {
    const paths = files.map(({ name }) => join(this.folder, name))
    files.forEach(({ text }, i) => {
      writeFileSync(paths[i]!, text, 'latin1')
    })
    return paths
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export class KeptOutput extends Output {
  text = ''

  override write(text: string | Uint8Array): void {
    this.text += typeof text === 'string' ? text : new TextDecoder().decode(text)
  }

  override flush(): void {}
}
