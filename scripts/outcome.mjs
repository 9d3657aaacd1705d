/**
 * What runs of vitest come to: node scripts/outcome.mjs STRICT VITEST-STATUS VITEST-REPORT.json ...
 * Names every test that was skipped, and every one that failed with what it said (a log may be kept from its end alone),
 * and ends with `N passed, N failed, N skipped` over all of them. With STRICT=1 a skipped test fails the run, unless it
 * names what this kernel lacks: that is told, and cannot be mended here. A test that passed only at its second try is named,
 * and more than a few of these fail the run.
 */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

const [strict, status, ...files] = process.argv.slice(2)
const resultsOf = (paths) => paths.flatMap((file) => JSON.parse(readFileSync(file, 'utf8')).testResults)
const isOfOtherNode = (file) => /node-\d+\.json$/.test(file)
const testResults = resultsOf(files)
const tests = testResults.flatMap((result) => result.assertionResults)
const passed = tests.filter((one) => one.status === 'passed').length
// a file that could not even be loaded counts as one
const broken = testResults.filter(
  (result) => result.status === 'failed' && !result.assertionResults.some((one) => one.status === 'failed'),
)
const failed = tests.filter((one) => one.status === 'failed').length + broken.length
// what another version of Node leaves out, this one tries
const skipped = resultsOf(files.filter((file) => !isOfOtherNode(file)))
  .flatMap((result) => result.assertionResults)
  .filter((one) => one.status !== 'passed' && one.status !== 'failed')
  .map((one) => one.fullName)
const lacking = skipped.filter((name) => /not judged: this kernel lacks/.test(name))
const others = skipped.filter((name) => !lacking.includes(name))

const list = (names, most) => `  ${names.slice(0, most).join('\n  ')}\n`
if (lacking.length > 0)
  process.stdout.write(`${lacking.length} tests are about what this kernel lacks:\n${list(lacking, 60)}`)
if (others.length > 0) process.stdout.write(`${others.length} tests were skipped:\n${list(others, 200)}`)
if (others.length > 0 && strict === '1') process.stdout.write('Nothing may be skipped here.\n')

/** The first lines of what a test said: more stands above, where it ran. */
const said = (message = '') => stripVTControlCharacters(message).split('\n').slice(0, 12).join('\n    ')
const named = (result, fits) =>
  result.assertionResults
    .filter(fits)
    .map((one) => `${relative('.', result.name)} > ${one.fullName}\n    ${said(one.failureMessages[0])}`)
const failures = testResults.flatMap((result) =>
  broken.includes(result)
    ? [`${relative('.', result.name)}\n    ${said(result.message)}`]
    : named(result, (one) => one.status === 'failed'),
)
if (failures.length > 0) process.stdout.write(`Failed:\n${list(failures, 20)}`)
// what was said at the first try is kept
const again = testResults.flatMap((result) =>
  named(result, (one) => one.status === 'passed' && one.failureMessages.length > 0),
)
/** More, and it is not chance. */
const MOST_AGAIN = 5
if (again.length > 0)
  process.stdout.write(`${again.length} passed at the second try, and want mending:\n${list(again, 20)}`)
if (again.length > MOST_AGAIN) process.stdout.write(`More than ${MOST_AGAIN} needed a second try.\n`)
if (status !== '0') process.stdout.write(`vitest ended with status ${status}.\n`)
process.stdout.write(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}\n`)
if (status !== '0' || failed > 0 || passed === 0 || again.length > MOST_AGAIN || (others.length > 0 && strict === '1'))
  process.exitCode = 1
