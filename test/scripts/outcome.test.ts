/** What decides whether a change lands: failures, skipped tests, and tests that needed a second try. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const OUTCOME = fileURLToPath(new URL('../../scripts/outcome.mjs', import.meta.url))

interface One {
  status: 'passed' | 'failed' | 'skipped'
  fullName: string
  failureMessages: string[]
}
const passed = (fullName: string, ...failureMessages: string[]): One => ({
  status: 'passed',
  fullName,
  failureMessages,
})

function outcome(tests: readonly One[], strict = '1') {
  const folder = mkdtempSync(join(tmpdir(), 'nfwhy-outcome-'))
  try {
    const status = tests.some((one) => one.status === 'failed') ? 'failed' : 'passed'
    const report = { testResults: [{ name: 'test/a.test.ts', status, assertionResults: tests }] }
    writeFileSync(join(folder, 'a.json'), JSON.stringify(report))
    const { status: code, stdout } = spawnSync(process.execPath, [OUTCOME, strict, '0', join(folder, 'a.json')], {
      encoding: 'utf8',
    })
    return { code, stdout }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('passes where all have passed', () => {
  expect(outcome([passed('one'), passed('two')])).toEqual({ code: 0, stdout: '2 passed, 0 failed\n' })
})

test('a failure is named, with what it said', () => {
  const { code, stdout } = outcome([passed('one'), { ...passed('two', 'Error: no'), status: 'failed' }])
  expect(code).toBe(1)
  expect(stdout).toBe('Failed:\n  test/a.test.ts > two\n    Error: no\n1 passed, 1 failed\n')
})

test('what is skipped fails where nothing may be', () => {
  const tests = [passed('one'), { ...passed('two'), status: 'skipped' as const }]
  expect(outcome(tests).code).toBe(1)
  expect(outcome(tests, '0').code).toBe(0)
})

test('a second try is named, and many fail', () => {
  const tried = (count: number) => Array.from({ length: count }, (_, i) => passed(`moment ${i}`, 'Error: late'))
  const { code, stdout } = outcome([passed('one'), ...tried(1)])
  expect(code).toBe(0)
  expect(stdout).toContain(
    '1 passed at the second try, and want mending:\n  test/a.test.ts > moment 0\n    Error: late\n',
  )
  expect(outcome(tried(5)).code).toBe(0)
  expect(outcome(tried(6)).code).toBe(1)
})
