/** The source files of a folder, as paths relative to the project's. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const sources = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|mjs|js)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
