/** Rules of iptables-legacy and of nf_tables on one host, of which a kernel log shows the first. */
import { describe, expect, test } from 'vitest'
import { CaptureExplainer, type Journey, recognise, WorldBuilder } from '../../../src/index.ts'
import { kernelLog } from '../../../src/read/captures/kernel-log/format.ts'
import { delivered, dropped, RULES } from '../../cli/small.ts'

const chain = (priority: number, body: string, hook = 'input') =>
  `table inet other {\n\tchain it {\n\t\ttype filter hook ${hook} priority ${priority}; policy accept;\n${body}\t}\n}\n`
const DROP = '\t\ttcp dport 80 drop\n'
const COUNT = '\t\tcounter accept\n'

function explained(log: string, ...rulesets: string[]): [string, string[]][] {
  const builder = new WorldBuilder()
  for (const [i, text] of rulesets.entries())
    builder.add(`rules ${i}`, text, recognise(text) as Parameters<WorldBuilder['add']>[2])
  const journeys: Journey[] = []
  const explainer = new CaptureExplainer(
    kernelLog,
    builder.world,
    () => {},
    (closed) => void journeys.push(closed.explain()),
  )
  explainer.push(new TextEncoder().encode(log))
  explainer.end()
  return journeys.map(({ outcome, findings }) => [
    outcome,
    findings.flatMap(({ code }) => (['ambiguous-hook-order', 'mixed-backends'].includes(code) ? [code] : [])),
  ])
}

describe('what the other backend does behind the last line is not known', () => {
  test.each<[string, string, string, string[]]>([
    ['its chain comes later', chain(10, DROP), 'undetermined', ['mixed-backends']],
    ['whatever it does there', chain(10, COUNT), 'undetermined', ['mixed-backends']],
    ['its chain is at the same place', chain(0, DROP), 'undetermined', ['ambiguous-hook-order']],
    ['its chain came before', chain(-10, DROP), 'delivered', []],
    ['its chain came at a hook before', chain(10, DROP, 'prerouting'), 'delivered', []],
    ['its chain is at another hook', chain(10, DROP, 'forward'), 'delivered', []],
    ['its chain decides nothing', chain(10, ''), 'delivered', []],
    ['its chain decides nothing, at the same place', chain(0, ''), 'delivered', []],
  ])('%s', (_, nft, outcome, findings) => {
    const log = delivered() + delivered({ at: 200, sport: 50_000 })
    expect(explained(log, RULES, nft)).toEqual([
      [outcome, findings],
      [outcome, findings],
    ])
  })

  test('what was dropped here has to get past both', () => {
    expect(explained(dropped(), RULES, chain(10, DROP))).toEqual([['dropped', ['mixed-backends']]])
  })

  test('tables of one name are told apart by their backend', () => {
    const nft = RULES.replace('v1.8.9', 'v1.8.9 (nf_tables)')
    expect(explained(delivered(), RULES, nft)).toEqual([['undetermined', ['ambiguous-hook-order']]])
    expect(explained(delivered(), nft, RULES)).toEqual([['undetermined', ['ambiguous-hook-order']]])
  })
})

test('what iptables-nft made, listed by nft as well, is one table', () => {
  const builder = new WorldBuilder()
  const listing =
    'table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 23 drop\n\t}\n}\n'
  for (const text of [RULES.replace('v1.8.9', 'v1.8.9 (nf_tables)'), listing])
    builder.add('rules', text, recognise(text) as Parameters<WorldBuilder['add']>[2])
  expect(builder.world.tables.map(({ kind }) => kind)).toEqual(['iptables'])
  expect(builder.warnings).toEqual([])
})
