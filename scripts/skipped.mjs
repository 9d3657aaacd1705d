/**
 * What runs of vitest come to: node scripts/skipped.mjs STRICT VITEST-STATUS VITEST-REPORT.json ...
 * Names every test that was skipped, and ends with `N passed, N failed, N skipped` over all of them. With STRICT=1 a
 * skipped test fails the run, unless it names what this kernel lacks: that is told, and cannot be mended here.
 */
import { readFileSync } from 'node:fs'

const [strict, status, ...files] = process.argv.slice(2)
const testResults = files.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')).testResults)
const tests = testResults.flatMap((result) => result.assertionResults)
const passed = tests.filter((one) => one.status === 'passed').length
// a file that could not even be loaded counts as one
const broken = testResults.filter(
  (result) => result.status === 'failed' && !result.assertionResults.some((one) => one.status === 'failed'),
)
const failed = tests.filter((one) => one.status === 'failed').length + broken.length
const skipped = tests.filter((one) => one.status !== 'passed' && one.status !== 'failed').map((one) => one.fullName)
const lacking = skipped.filter((name) => /not judged: this kernel lacks/.test(name))
const others = skipped.filter((name) => !lacking.includes(name))

const list = (names, most) => `  ${names.slice(0, most).join('\n  ')}\n`
if (lacking.length > 0)
  process.stdout.write(`${lacking.length} tests are about what this kernel lacks:\n${list(lacking, 60)}`)
if (others.length > 0) process.stdout.write(`${others.length} tests were skipped:\n${list(others, 200)}`)
if (others.length > 0 && strict === '1') process.stdout.write('Nothing may be skipped here.\n')
if (status !== '0') process.stdout.write(`vitest ended with status ${status}.\n`)
process.stdout.write(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}\n`)
if (status !== '0' || failed > 0 || passed === 0 || (others.length > 0 && strict === '1')) process.exitCode = 1
