/**
 * Names every test that was skipped: node scripts/skipped.mjs VITEST-REPORT.json STRICT
 * With STRICT=1 a skipped test fails the run, unless it names what this kernel lacks: that is told, and cannot be mended here.
 */
import { readFileSync } from 'node:fs'

const [file, strict] = process.argv.slice(2)
const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
const skipped = testResults.flatMap((result) =>
  result.assertionResults
    .filter((one) => one.status !== 'passed' && one.status !== 'failed')
    .map((one) => one.fullName),
)
const lacking = skipped.filter((name) => /not judged: this kernel lacks/.test(name))
const others = skipped.filter((name) => !lacking.includes(name))
if (lacking.length > 0)
  process.stdout.write(
    `${lacking.length} tests are about what this kernel lacks:\n  ${lacking.slice(0, 60).join('\n  ')}\n`,
  )
if (others.length > 0) {
  process.stdout.write(`${others.length} tests were skipped:\n  ${others.slice(0, 200).join('\n  ')}\n`)
  if (strict === '1') {
    process.stderr.write('Nothing may be skipped here.\n')
    process.exitCode = 1
  }
}
