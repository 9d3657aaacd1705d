/**
 * Loads dist/cli.cjs with what V8 made of it when it was built (dist/cli.cache): compiling it takes longer than most
 * commands run. Another version of Node does not take the cache, and compiles. CommonJS, as Node starts it sooner.
 */
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { Script } = require('node:vm')

const PARAMETERS = 'exports, require, module, __filename, __dirname'

/** Undefined where nothing is built in the folder. */
exports.load = (folder) => {
  const filename = join(folder, 'cli.cjs')
  // the build leaves only ASCII in it, which is read fastest so
  const source = read(filename)?.toString('latin1')
  if (source === undefined) return undefined
  const cachedData = read(join(folder, 'cli.cache'))
  const script = new Script(`(function (${PARAMETERS}) {${source}\n})`, { filename, cachedData })
  const run = () => {
    const module = { exports: {} }
    // it asks for nothing but what Node has
    script.runInThisContext()(module.exports, require, module, filename, folder)
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
