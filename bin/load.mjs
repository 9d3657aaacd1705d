/**
 * Loads dist/cli.cjs with what V8 made of it when it was built (dist/cli.cache): compiling it takes longer than most
 * commands run. Another version of Node does not take the cache, and compiles.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'

const PARAMETERS = 'exports, require, module, __filename, __dirname'

/** Undefined where nothing is built in the folder, a URL that ends in a slash. */
export function load(folder) {
  const filename = fileURLToPath(new URL('cli.cjs', folder))
  // the build leaves only ASCII in it, which is read fastest so
  const source = read(filename)?.toString('latin1')
  if (source === undefined) return undefined
  const cachedData = read(fileURLToPath(new URL('cli.cache', folder)))
  const script = new Script(`(function (${PARAMETERS}) {${source}\n})`, { filename, cachedData })
  const run = () => {
    const module = { exports: {} }
    script.runInThisContext()(module.exports, createRequire(filename), module, filename, fileURLToPath(folder))
  }
  return { script, run }
}

function read(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}
