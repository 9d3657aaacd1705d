/** What this kernel cannot have is found in what a probe printed elsewhere; each such file says that it is not from here. */
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { CAUSES } from '../../../src/live/doctor/causes/index.ts'
import { problemsOf } from '../../../src/live/doctor/diagnose.ts'
import { commandText } from '../../../src/live/doctor/problem.ts'
import { fixture, RECORDED, recordedFacts } from './recorded.ts'
import { wishFor } from './wishes.ts'

test.each(RECORDED)('$name $outside: $codes', (recorded) => {
  expect(fixture(recorded.name)).toMatch(/^# Hand-made[ ,:].*\n/)
  const problems = problemsOf(recordedFacts(recorded), wishFor(recorded.filter))
  expect(problems.map(({ code }) => code)).toEqual(recorded.codes)
  const commands = problems.map(({ fix }) => fix?.commands && commandText(fix.commands))
  for (const { message, evidence, fix } of problems) {
    expect(message).toMatch(/^\S.*\.$/)
    expect(evidence).not.toBe('')
    if (fix) expect(fix.unsafe === undefined).toBe(fix.safe)
  }
  for (const command of recorded.commands ?? []) expect(commands).toContain(command)
})

test('no module is loaded where modprobe is not installed', () => {
  const facts = recordedFacts(RECORDED.find(({ name }) => name === 'logger-not-loaded')!)
  const programs = new Map([...facts.programs].filter(([name]) => name !== 'modprobe'))
  const [problem] = problemsOf({ ...facts, programs }, wishFor(undefined))
  expect(problem).toMatchObject({ code: 'no-logger', fix: { safe: false, unsafe: 'modprobe is missing here' } })
  expect(problem!.fix!.commands).toBeUndefined()
})

test('each file is used, and each cause that needs one has one', () => {
  const files = readdirSync(new URL('../../../fixtures/live/doctor/', import.meta.url))
  expect(files.sort()).toEqual([...new Set(RECORDED.map(({ name }) => `${name}.txt`))].sort())
  const recorded = CAUSES.filter(({ tested }) => tested === 'recorded').map(({ id }) => id)
  expect(recorded.filter((id) => !RECORDED.some(({ cause }) => cause === id))).toEqual([])
})
