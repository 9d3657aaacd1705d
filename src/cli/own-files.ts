/** What comes with nfwhy besides its scripts: in the package, or within the one file into which all of it was packed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** By their paths in the package. scripts/single.mjs sets them. */
const PACKED = Symbol.for('nfwhy.files')
const packed = (): ReadonlyMap<string, () => Uint8Array<ArrayBuffer>> | undefined => Reflect.get(globalThis, PACKED)

/** The package; this is a script in its dist/. */
const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** All that lies below a folder of the package (`docs/findings`), by the paths there. Empty if there is no such folder. */
export function ownFiles(folder: string): Map<string, Uint8Array<ArrayBuffer>> {
  const all = packed()
  if (!all) return existsSync(join(ROOT, folder)) ? filesBelow(join(ROOT, folder)) : new Map()
  const below = [...all].filter(([path]) => path.startsWith(`${folder}/`))
  return new Map(below.map(([path, unpack]) => [path.slice(folder.length + 1), unpack()]))
}

/** Undefined: there is none. */
export function ownFile(path: string): Uint8Array<ArrayBuffer> | undefined {
  const all = packed()
  if (all) return all.get(path)?.()
  try {
    return new Uint8Array(readFileSync(join(ROOT, path)))
  } catch {
    return undefined
  }
}

/** Throws as the system does. */
export function filesBelow(folder: string): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) files.set(relative(folder, path).replaceAll('\\', '/'), new Uint8Array(readFileSync(path)))
  }
  return files
}
