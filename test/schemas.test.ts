/** The published schemas are those of the types, and a document that is not as they say is noticed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { journeyDocument } from '../src/reports/journey-document.ts'
import { ROOT } from './docs/sources.ts'
import { printed } from './printed.ts'
import { explainFolder, INCIDENTS } from './reports/cases.ts'
import { checkDocument, checkJourney, checkOutput, checkSummary } from './schemas.ts'

test('schemas/ is what `npm run schemas` writes', { tags: 'slow' }, ({ onTestFinished }) => {
  const out = mkdtempSync(join(tmpdir(), 'nfwhy-'))
  onTestFinished(() => rmSync(out, { recursive: true, force: true }))
  execFileSync(process.execPath, [join(ROOT, 'scripts/schemas.mjs'), out])
  const files = (folder: string) =>
    Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))
  expect(files(join(ROOT, 'schemas'))).toEqual(files(out))
})

const { groups, tail } = explainFolder(INCIDENTS['nodeport-clash']!)
const journey = () => printed(journeyDocument(groups[0]!.journey)) as ReturnType<typeof journeyDocument>
const document = (more: object = {}) => ({
  schema: 'nfwhy.explanation/1',
  journeys: [journey()],
  exchanges: [],
  ...(printed(tail) as typeof tail),
  ...more,
})

test('what is printed is as promised', () => {
  checkDocument(document())
  checkJourney(journey())
  checkSummary({ summary: printed(tail) })
})

test.each([
  ['a field that no schema names', () => ({ ...journey(), more: 1 }), /more/],
  ['a field that is missing', () => ({ ...journey(), outcome: undefined }), /outcome/],
  ['null', () => ({ ...journey(), packet: { ttl: null } }), /packet\/ttl must be number/],
  ['another word', () => ({ ...journey(), outcome: 'eaten' }), /outcome must be equal.*"eaten"/],
  ['a step that is not there', () => ({ ...journey(), cause: [{ ...journey().cause[0]!, step: 99 }] }), /step 99/],
  ['a command in pieces', () => withFix({ command: ['iptables', '-F'] }), /fix\/0\/command must be string/],
  ['edits', () => withFix({ edits: [] }), /edits/],
])('%s is a mistake', (_, made, why) => {
  expect(() => checkJourney(printed(made()))).toThrow(why)
  expect(() => checkOutput(`${JSON.stringify(made())}\n`)).toThrow(why)
  expect(() => checkOutput(JSON.stringify(document({ journeys: [made()] })))).toThrow(why)
})

function withFix(more: object) {
  const one = journey()
  return { ...one, findings: [{ ...one.findings[0]!, fix: [{ description: 'do this', ...more }] }] }
}

test.each([
  ['no summary', { summary: { inputs: [], warnings: [] } }, /"stats"/],
  ['a rule of no known kind', rulesetWith({ kind: 'compared', field: 'ip saddr' }), /conditions\/0/],
  ['a condition without its value', rulesetWith({ kind: 'compare', field: 'ip saddr', op: '==' }), /"value"/],
  ['a document without a schema', [{ schema: 'nfwhy.other/1' }], /nfwhy\.other\/1/],
])('%s is a mistake', (_, value, why) => {
  expect(() => checkOutput(`${JSON.stringify(value)}\n`)).toThrow(why)
})

function rulesetWith(condition: object) {
  const rule = { text: '-j DROP', ruleNumber: 1, conditions: [condition], statements: [{ kind: 'drop' }] }
  const table = { family: 'ip', name: 'filter', kind: 'iptables', chains: [{ name: 'INPUT', rules: [rule] }] }
  return { schema: 'nfwhy.ruleset/1', hooks: [], tables: [table], sets: [], inputs: [], warnings: [] }
}
