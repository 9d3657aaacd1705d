/**
 * Loads scripts of dist/ with what V8 made of them when they were built (*.cache): compiling them takes longer than most
 * commands run. Another version of Node does not take the caches, and compiles. CommonJS, as Node starts it sooner.
 */
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { Script } = require('node:vm')

const PARAMETERS = 'exports, require, module, __filename, __dirname'

/**
 * Runs the script `first` of the folder, and those that it asks for there; gives them all by name, later ones too. `read`: a
 * script's text and cache by name, where they are no files (scripts/single.mjs).
 */
exports.load = (folder, first, read = (name) => fromFile(join(folder, name))) => {
  const scripts = new Map()
  const modules = new Map()
  const run = (name) => {
    const filename = join(folder, name)
    const { source, cachedData } = read(name)
    const script = new Script(`(function (${PARAMETERS}) {${source}\n})`, { filename, cachedData })
    const module = { exports: {} }
    scripts.set(name, script)
    modules.set(name, module)
    script.runInThisContext()(module.exports, ask, module, filename, folder)
    return module
  }
  // each other, or what Node has
  const ask = (id) => {
    if (!id.startsWith('./')) return require(id)
    const name = id.slice('./'.length)
    return (modules.get(name) ?? run(name)).exports
  }
  run(first)
  return scripts
}

const fromFile = (filename) => ({
  // the build leaves only ASCII in it, which is read fastest so
  source: readFileSync(filename, 'latin1'),
  cachedData: cacheOf(filename),
})

function cacheOf(filename) {
  try {
    return readFileSync(filename.replace(/\.cjs$/, '.cache'))
  } catch {
    return undefined
  }
}
