/** Every fixture that some format recognises, by the format's id: found by walking the folders. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recognise } from '../../src/read/recognise.ts'

/** Larger ones say nothing that smaller ones do not. Bytes. */
const MOST = 100_000

export interface Fixture {
  name: string
  /** One Latin-1 letter for each byte. */
  text: string
}

/** `root`: the project's folder. The smallest of a format first. */
export function fixturesByFormat(root: string): Map<string, Fixture[]> {
  const found = new Map<string, Fixture[]>()
  for (const folder of ['fixtures/read', 'fixtures/redact', 'fixtures/incidents'])
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || entry.name.includes('.expected')) continue
      const bytes = readFileSync(join(entry.parentPath, entry.name))
      if (bytes.length === 0 || bytes.length > MOST) continue
      const text = bytes.toString('latin1')
      const id = recognise(text.slice(0, 65_536))?.format.id
      if (id !== undefined) found.set(id, [...(found.get(id) ?? []), { name: entry.name, text }])
    }
  for (const list of found.values()) list.sort((a, b) => a.text.length - b.text.length)
  return found
}
