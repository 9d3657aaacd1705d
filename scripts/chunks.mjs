/**
 * Which script of dist/ a source goes to: what main.ts imports is needed by every command; of the rest, what any command
 * needs that asks no machine is `offline`, what only commands need that do is `live`, and what only those that serve the
 * page is `serve`. Follows the imports.
 */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const STATIC =
  /(?:^|\n)\s*(?:import|export)\s(?!type\b)[^'"]*?from\s*['"](\.[^'"]+)['"]|(?:^|\n)\s*import\s*['"](\.[^'"]+)['"]/g
const DYNAMIC = /\bimport\(\s*['"](\.[^'"]+)['"]\s*\)/g
const BARE = /(?:^|\n)\s*import\s(?!type\b)[^'"]*?from\s*['"]([^.'"][^'"]*)['"]/g
const PACKAGE = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//
/** A command that needs it asks a machine. */
const ASKS = 'src/live/trace-host.ts'
/** A command that needs it waits for a browser. */
const SERVES = 'src/server/listen.ts'

/** `main`: the command line, whose `import()`s are the commands. Gives the chunk of a module's path, absolute or not. */
export function chunkOf(main) {
  const first = closure([main], false)
  const all = imports(main, DYNAMIC).map((command) => closure([command], true))
  const commands = all.filter((needed) => !needed.has(SERVES))
  const serve = new Set(all.flatMap((needed) => [...needed]))
  const offline = new Set(commands.filter((needed) => !needed.has(ASKS)).flatMap((needed) => [...needed]))
  const live = new Set(commands.flatMap((needed) => [...needed]))
  const packages = {
    first: packagesOf(first),
    offline: packagesOf(offline),
    live: packagesOf(live),
    serve: packagesOf(serve),
  }
  return (id) => {
    const name = PACKAGE.exec(id)?.[1]
    if (name !== undefined) {
      if (packages.first.has(name)) return undefined
      return ['offline', 'live', 'serve'].find((chunk) => packages[chunk].has(name))
    }
    const at = id.lastIndexOf('/src/')
    const file = at < 0 ? id : id.slice(at + 1)
    if (first.has(file)) return undefined
    return offline.has(file) ? 'offline' : live.has(file) ? 'live' : serve.has(file) ? 'serve' : undefined
  }
}

/** All that these import, and what that imports; `later`: also what is imported when it is asked for. */
export function closure(files, later) {
  const found = new Set(files)
  for (const file of found)
    for (const next of [...imports(file, STATIC), ...(later ? imports(file, DYNAMIC) : [])]) found.add(next)
  return found
}

function imports(file, how) {
  if (!existsSync(file)) return []
  return [...readFileSync(file, 'utf8').matchAll(how)].map((found) => join(dirname(file), found[1] ?? found[2]))
}

const packagesOf = (files) =>
  new Set(
    [...files]
      .flatMap((file) => (existsSync(file) ? [...readFileSync(file, 'utf8').matchAll(BARE)] : []))
      .map((found) => found[1]),
  )
