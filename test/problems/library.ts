/** All problems of the folder: each list that a file of it exports. */
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import type { Problem } from './problem.ts'

const folder = new URL('library/', import.meta.url)
const files = readdirSync(folder).sort()
// a path that is not known before it runs: what vite makes of a pattern is kept, with the files that there were
const modules: Record<string, unknown>[] = await Promise.all(
  files.map((file) => import(new URL(file, folder).pathname)),
)

export const PROBLEMS: readonly Problem[] = [
  ...new Set(modules.flatMap((one) => Object.values(one).filter(isProblems).flat())),
]

/** Files share machines and lines with each other, too, and a list may be a part of another one's. */
function isProblems(value: unknown): value is Problem[] {
  return Array.isArray(value) && value.every((one) => one?.truth !== undefined)
}

/** One in `share` is chosen by its name: which others there are changes nothing. */
export const isInShare = (name: string, share: number): boolean =>
  createHash('sha1').update(name).digest().readUInt32BE() % share === 0
