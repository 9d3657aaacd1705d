/** What a browser has to fetch before the page can begin, gzipped, in bytes. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { BUILT } from './browser.ts'

const sizeOf = (path: string): number => gzipSync(readFileSync(path), { level: 9 }).length
const PAGE = ['index.html', 'page.js', 'page.css'].map((name) => join(BUILT, name))

/** A module, and all that it imports at once. */
function needed(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found
  found.add(path)
  const code = readFileSync(path, 'utf8')
  for (const [, name] of code.matchAll(/(?:^|[;}\n])(?:import|export)[^;'"()]*?from\s*["'](\.[^"']+)["']/g))
    needed(join(dirname(path), name!), found)
  for (const [, name] of code.matchAll(/(?:^|[;}\n])import\s*["'](\.[^"']+)["']/g))
    needed(join(dirname(path), name!), found)
  return found
}

test('the page itself is small, and with the worker not large', () => {
  const page = PAGE.reduce((sum, path) => sum + sizeOf(path), 0)
  expect(page).toBeLessThan(60_000)
  const worker = [...needed(join(BUILT, 'worker.js'))]
  expect(worker.length).toBeGreaterThan(1)
  const all = page + worker.reduce((sum, path) => sum + sizeOf(path), 0)
  expect(all).toBeGreaterThan(200_000)
  expect(all).toBeLessThan(350_000)
})
