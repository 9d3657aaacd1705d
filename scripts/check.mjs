/**
 * npm run check: everything that can be said of the code without running its tests. Each part says in one line what it
 * looked at; all run even if one fails.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { checkBrowser } from './check-browser.mjs'
import { checkImports } from './check-imports.mjs'
import { checkSize } from './check-size.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const run =
  (command, ...args) =>
  () => {
    const { status, stdout, stderr } = spawnSync('npx', ['--no-install', command, ...args], { encoding: 'utf8' })
    return { problems: status === 0 ? [] : [`${stdout}${stderr}`.trim()], said: `${command} ${args.join(' ')}` }
  }

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

let failed = 0
for (const [name, part] of Object.entries(parts)) {
  const { problems, said } = await part()
  process.stdout.write(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name}${said ? ` (${said})` : ''}\n`)
  for (const problem of problems) process.stdout.write(`${problem.replace(/^/gm, '     ')}\n`)
  if (problems.length > 0) failed++
}
process.exitCode = failed > 0 ? 1 : 0
