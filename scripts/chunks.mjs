/**
 * Which script of dist/ a source goes to: what main.ts imports is needed by every command; of the rest, what any command
 * needs that asks no machine is `offline`, what only commands need that do is `live`, what only a command needs that
 * serves the page is `server`, what speaks with assistants is `mcp`, what stores is `store`, and what asks machines for them `machines`. Follows the imports.
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
/** A command that needs it serves the page. */
const SERVES = 'src/server/server.ts'

/** What speaks a protocol that only one command needs: the command loads it once it runs, so that help does not. */
const SPEAKS = 'src/mcp/server.ts'

/** What is loaded once something is stored, or asked of a store. */
const STORES = 'src/store/index.ts'

/** What asks a machine for a command that else reads files: loaded once a call wants it. */
const ASKED_LATER = 'src/cli/mcp-machines.ts'

/** `main`: the command line; `list`: the commands, as `import()`s. Gives the chunk of a module's path, absolute or not. */
export function chunkOf(main, list) {
  const first = closure([main], false)
  const commands = imports(list, DYNAMIC).map((command) => closure([command], true, [SPEAKS, STORES, ASKED_LATER]))
  const kindOf = (needed) => (needed.has(SERVES) ? 'server' : needed.has(ASKS) ? 'live' : 'offline')
  // what several kinds need is in the first of these
  const chunks = ['offline', 'live', 'server'].map((name) => {
    const files = new Set(commands.filter((needed) => kindOf(needed) === name).flatMap((needed) => [...needed]))
    return { name, files, packages: packagesOf(files) }
  })
  const speaking = closure([SPEAKS], true)
  chunks.push({ name: 'mcp', files: speaking, packages: packagesOf(speaking) })
  chunks.push({ name: 'store', files: closure([STORES], true), packages: new Set() })
  chunks.push({ name: 'machines', files: new Set([ASKED_LATER]), packages: packagesOf([ASKED_LATER]) })
  const ofFirst = packagesOf(first)
  return (id) => {
    const name = PACKAGE.exec(id)?.[1]
    if (name !== undefined)
      // no source names what the protocol's package brings along
      return ofFirst.has(name) ? undefined : (chunks.find(({ packages }) => packages.has(name))?.name ?? 'mcp')
    const at = id.lastIndexOf('/src/')
    const file = at < 0 ? id : id.slice(at + 1)
    return first.has(file) ? undefined : chunks.find(({ files }) => files.has(file))?.name
  }
}

/** All that these import, and what that imports, but for `without`; `later`: also what is imported when it is asked for. */
export function closure(files, later, without = []) {
  const found = new Set(files)
  for (const file of found)
    for (const next of [...imports(file, STATIC), ...(later ? imports(file, DYNAMIC) : [])])
      if (!without.includes(next)) found.add(next)
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
