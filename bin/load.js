/**
 * Loads scripts of dist/ with what V8 made of them when they were built (*.cache): compiling them takes longer than most
 * commands run. They are for the very Node that built them: V8 takes those of another patch release, and crashes. Any other
 * Node compiles. CommonJS, as Node starts it sooner.
 */
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const { Script } = require('node:vm')

const PARAMETERS = 'exports, require, module, __filename, __dirname'

/** Beside the caches: which Node they are of. */
const BUILT_BY = 'built-by.json'

/** Whatever may tell one build of Node from another. */
exports.thisNode = () => JSON.stringify([process.versions, process.platform, process.arch, process.config.variables])

/**
 * Runs the script `first` of the folder, and those that it asks for there; gives them all by name, later ones too. `read`: a
 * script's text and cache by name, where they are no files (scripts/single.mjs).
 */
exports.load = (folder, first, read = reader(folder)) => {
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

function reader(folder) {
  const isOwn = bytesOf(join(folder, BUILT_BY))?.toString() === exports.thisNode()
  return (name) => ({
    // the build leaves only ASCII in it, which is read fastest so
    source: readFileSync(join(folder, name), 'latin1'),
    cachedData: isOwn ? bytesOf(join(folder, name.replace(/\.cjs$/, '.cache'))) : undefined,
  })
}

function bytesOf(filename) {
  try {
    return readFileSync(filename)
  } catch {
    return undefined
  }
}
