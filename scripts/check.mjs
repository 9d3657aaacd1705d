/**
 * npm run check: everything that can be said of the code without running its tests. Each part says in one line what it
 * looked at; all run even if one fails.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { checkBrowser } from './check-browser.mjs'
import { checkImports } from './check-imports.mjs'
import { checkSize } from './check-size.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const run =
  (command, ...args) =>
  () =>
    new Promise((done) => {
      execFile('npx', ['--no-install', command, ...args], { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
        const said = `${command} ${args.join(' ')}`
        done({ problems: error ? [`${stdout}${stderr}`.trim() || error.message] : [], said })
      })
    })

const parts = {
  types: run('tsc', '-p', 'tsconfig.json'),
  'types without Node': run('tsc', '-p', 'tsconfig.core.json'),
  'types of the page': run('tsc', '-p', 'tsconfig.ui.json'),
  "types of the page's tests": run('tsc', '-p', 'tsconfig.page-tests.json'),
  'lint and format': run('biome', 'check', '--error-on-warnings', '.'),
  'import directions': checkImports,
  'browser build': checkBrowser,
  'unused code': run('knip'),
  'file budget': checkSize,
}

// one behind the other in two rows: the compiler, and all others
const rows = { types: Promise.resolve(), others: Promise.resolve() }
const ends = Object.entries(parts).map(([name, part]) => {
  const row = name.includes('types') ? 'types' : 'others'
  const end = rows[row].then(part).catch((error) => ({ problems: [String(error?.stack ?? error)], said: '' }))
  rows[row] = end
  return [name, end]
})

let failed = 0
for (const [name, end] of ends) {
  const { problems, said } = await end
  process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}${said ? ` (${said})` : ''}\n`)
  for (const problem of problems) process.stdout.write(`${problem.replace(/^/gm, '     ')}\n`)
  if (problems.length > 0) failed++
}
process.exitCode = failed > 0 ? 1 : 0
