/** Imports go only down the list of folders, type imports too; and below `ui` nothing of Node's is touched. */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { sources } from './sources.mjs'

/** From the top down; docs/ARCHITECTURE.md says what each is for. */
const HOUSE = [
  'cli',
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
const BROWSER_FROM = HOUSE.indexOf('ui')

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

export function checkImports() {
  const problems = []
  const files = sources('src')
  const graph = new Map()
  for (const file of files) {
    const folder = file.split('/')[1]
    const rank = HOUSE.indexOf(folder)
    const isEntry = file === 'src/index.ts'
    if (rank < 0 && !isEntry)
      problems.push(`${file}: src/${folder} has no place in the house (scripts/check-imports.mjs)`)
    const imports = [...readFileSync(file, 'utf8').matchAll(IMPORT)]
    graph.set(file, [])
    for (const { 0: statement, ...found } of imports) {
      const name = found[1] ?? found[2] ?? found[3]
      if (!name.startsWith('.')) {
        if (rank >= BROWSER_FROM && !ANYWHERE.includes(name))
          problems.push(`${file}: imports ${name}, but this part runs in a browser`)
        continue
      }
      const target = relative('.', join(dirname(file), name))
      // neighbours may speak of each other's types, but not need each other to run
      if (!onlyTypes(statement)) graph.get(file).push(target)
      const targetRank = HOUSE.indexOf(target.split('/')[1])
      if (APART[folder]?.includes(target.split('/')[1]))
        problems.push(`${file}: imports ${target}, which is handed to it`)
      if (!isEntry && targetRank < rank) problems.push(`${file}: imports ${target}, which stands above it`)
    }
  }
  problems.push(...cycles(graph))
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
