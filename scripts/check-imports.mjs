/**
 * Imports go only down the list of folders, type imports too; below `ui` nothing of Node's is touched; and files import
 * each other in circles only where CIRCLES says why.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { sources } from './sources.mjs'

/** From the top down; docs/ARCHITECTURE.md says what each is for. */
const HOUSE = [
  'cli',
  'mcp',
  'server',
  'demo',
  'store',
  'live',
  'sandbox',
  'kernel',
  'ui',
  'reports',
  'lint',
  'analysis',
  'explain',
  'simulate',
  'redact',
].concat(['journey', 'filter', 'read', 'edits', 'rules', 'model'])
/** Below it, and not for it: explain is handed its engine, whichever that is. */
const APART = { explain: ['simulate'] }
/** Packages that run in a browser as well. */
const ANYWHERE = ['pako']
/** What the page is made of. */
const OF_PAGE = ['preact', 'preact/hooks', '@preact/signals']
const BROWSER_FROM = HOUSE.indexOf('ui')
/** Files that name each other's types in a circle: all of a circle's files are among these. At run time there is none. */
const CIRCLES = [
  {
    files: /^src\/simulate\//,
    reason: 'what a packet meets is a function of the Simulator, which calls them in turn',
  },
]

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

export function checkImports() {
  const problems = []
  const files = sources('src')
  /** What a file needs to run, and all that it names. */
  const needs = new Map()
  const names = new Map()
  for (const file of files) {
    const folder = file.split('/')[1]
    const rank = HOUSE.indexOf(folder)
    const isEntry = file === 'src/index.ts'
    if (rank < 0 && !isEntry)
      problems.push(`${file}: src/${folder} has no place in the house (scripts/check-imports.mjs)`)
    const imports = [...readFileSync(file, 'utf8').matchAll(IMPORT)]
    needs.set(file, [])
    names.set(file, [])
    for (const { 0: statement, ...found } of imports) {
      const name = found[1] ?? found[2] ?? found[3]
      if (!name.startsWith('.')) {
        if (rank >= BROWSER_FROM && !ANYWHERE.includes(name) && !(folder === 'ui' && OF_PAGE.includes(name)))
          problems.push(`${file}: imports ${name}, but this part runs in a browser`)
        continue
      }
      const target = relative('.', join(dirname(file), name))
      names.get(file).push(target)
      if (!onlyTypes(statement)) needs.get(file).push(target)
      const targetRank = HOUSE.indexOf(target.split('/')[1])
      if (APART[folder]?.includes(target.split('/')[1]))
        problems.push(`${file}: imports ${target}, which is handed to it`)
      if (!isEntry && targetRank < rank) problems.push(`${file}: imports ${target}, which stands above it`)
    }
  }
  problems.push(...cycles(needs), ...unexplainedCircles(names))
  return { problems, said: `${files.length} files` }
}

function onlyTypes(statement) {
  if (/^\s*(?:import|export)\s+type\b/.test(statement)) return true
  const names = /\{([^}]*)\}\s*from/.exec(statement)?.[1]
  return (
    names !== undefined &&
    !/^\s*\w+\s*,\s*\{/.test(statement) &&
    names.split(',').every((name) => name.trim() === '' || name.trim().startsWith('type '))
  )
}

function cycles(graph) {
  const found = []
  const state = new Map()
  const visit = (file, path) => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      found.push(`import cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
      return
    }
    state.set(file, 'open')
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    state.set(file, 'done')
  }
  for (const file of graph.keys()) visit(file, [])
  return found
}

function unexplainedCircles(graph) {
  const circles = circlesOf(graph)
  const problems = []
  const found = new Set()
  for (const circle of circles) {
    const known = CIRCLES.find(({ files }) => circle.every((file) => files.test(file)))
    // one entry is one circle
    if (!known || found.has(known))
      problems.push(`a circle of type imports, which needs a file for the shared type: ${circle.join(', ')}`)
    else found.add(known)
  }
  for (const one of CIRCLES)
    if (!found.has(one)) problems.push(`scripts/check-imports.mjs: there is no circle any more in ${one.files}`)
  return problems
}

/** The sets of files that lead to each other (Tarjan's algorithm). */
function circlesOf(graph) {
  const circles = []
  const places = new Map()
  const open = []
  const visit = (file) => {
    const place = places.size
    places.set(file, place)
    open.push(file)
    let lowest = place
    for (const next of graph.get(file) ?? []) {
      if (!places.has(next)) lowest = Math.min(lowest, visit(next))
      else if (open.includes(next)) lowest = Math.min(lowest, places.get(next))
    }
    if (lowest === place) {
      const circle = open.splice(open.indexOf(file))
      if (circle.length > 1) circles.push(circle.sort())
    }
    return lowest
  }
  for (const file of graph.keys()) if (!places.has(file)) visit(file)
  return circles
}
