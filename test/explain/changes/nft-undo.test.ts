/** Whatever is proposed for rules of nft's reads back as it was meant, and its undo takes back just that, in any order. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { applyEdit } from '../../../src/edits/apply.ts'
import { parseCommand } from '../../../src/edits/parse.ts'
import { printEdit } from '../../../src/edits/print.ts'
import { changesOf } from '../../../src/explain/changes/change.ts'
import type { Change } from '../../../src/explain/changes/proposal.ts'
import type { Chosen, Doing } from '../../../src/explain/changes/rule-changes.ts'
import type { Edit } from '../../../src/model/edit.ts'
import type { RuleRef } from '../../../src/model/journey.ts'
import type { Packet } from '../../../src/model/packet.ts'
import type { Rule } from '../../../src/model/ruleset.ts'
import type { World } from '../../../src/model/world.ts'
import { readNft } from '../../../src/read/rulesets/nft-text.ts'
import { conditionText } from '../../../src/rules/evaluate.ts'
import { share } from '../../share.ts'

const RULES = [
  'tcp dport 22 accept',
  'tcp dport { 80, 443 } counter accept comment "web"',
  'ip saddr 192.0.2.0/24 udp dport 53 accept',
  'iifname "eth0" ip saddr != 10.0.0.0/8 goto web',
  'iifname . tcp dport vmap { "eth0" . 22 : accept, "eth1" . 25 : jump web }',
  'ct state established,related accept',
  'meta mark & 0x00ff0000 == 0x00040000 accept',
  'meta mark set meta mark | 0x00004000',
  'ip saddr { 10.0.0.0/8, 192.168.0.0/16 } tcp dport 9100 accept',
  'ip6 saddr 2001:db8::/32 tcp dport 22 accept',
  'ip saddr @admins tcp dport 22 accept',
  'ip daddr 192.0.2.1 tcp dport 8080 dnat ip to 10.0.0.5:80',
  'ip saddr { 10.0.0.0/8, 192.168.0.0/16 } tcp dport 8081 dnat ip to 10.0.0.5:80',
  'tcp dport { 1000-2000, 3000 } goto web',
]

const RULESET = `table inet filter { # handle 1
	set admins { # handle 3
		type ipv4_addr
	}
	chain web { # handle 2
	}
	chain input { # handle 4
		type filter hook input priority filter; policy drop;
${RULES.map((rule, i) => `\t\t${rule} # handle ${10 + i}`).join('\n')}
	}
}`

const before = (): World => {
  const [{ tables, sets = [] } = { tables: [] }] = readNft(RULESET, () => {})
  return { tables, sets, host: {} }
}

const rulesOf = ({ tables }: World): Rule[] => tables[0]!.chains.get('input')!.rules
const shown = (world: World) => rulesOf(world).map(({ text, handle }) => [text, handle])

const refOf = ({ text, handle, ruleNumber }: Rule): RuleRef => ({
  ...{ family: 'inet', table: 'filter', chain: 'input', rule: text, ruleNumber },
  ...(handle === undefined ? {} : { handle }),
})

const packet = fc
  .record({
    six: fc.boolean(),
    src: fc.integer({ min: 1, max: 250 }),
    dport: fc.integer({ min: 1, max: 65535 }),
    protocol: fc.constantFrom('tcp', 'udp'),
    device: fc.constantFrom('eth0', 'wan', 'br-lan', 'eth0.100'),
  })
  .map(
    ({ six, src, dport, protocol, device }): Packet => ({
      ...(six ? { src: `2001:db8:1::${src}`, dst: '2001:db8::1' } : { src: `198.51.100.${src}`, dst: '192.0.2.1' }),
      ...{ protocol, dport, sport: 40000, in: device, ctState: 'new' },
    }),
  )

const WAYS: readonly ((rule: Rule, packet: Packet, rules: readonly Rule[]) => unknown)[] = [
  (rule) => changesOf(refOf(rule)).remove(refOf(rule)),
  (rule) => changesOf(refOf(rule)).jumpInstead(refOf(rule)),
  (rule) => changesOf(refOf(rule)).askForMark(refOf(rule), { value: 0x80000, mask: 0xff0000 }),
  (rule) => changesOf(refOf(rule)).setMark(refOf(rule), { value: 0x8000, mask: 0x8000 }),
  (rule) => changesOf(refOf(rule)).turnLookup(refOf(rule), 'admins', []),
  (rule) => changesOf(refOf(rule)).sendTo(refOf(rule), { address: '10.0.0.6', port: 8081 }, 8080),
  (rule, _, rules) => changesOf(refOf(rule)).copy(refOf(rules[2]!), { chain: refOf(rule).chain, before: refOf(rule) }),
  ...[true, false].map(
    (keeps) => (rule: Rule, like: Packet) =>
      rule.conditions.map((condition) =>
        changesOf(refOf(rule)).correct(refOf(rule), { condition, settled: false }, like, { keeps, gives: 'jump web' }),
      ),
  ),
  ...(['accept', 'masquerade'] as const).map((kind) => (rule: Rule, like: Packet) => added(rule, like, { kind })),
  (rule, like) => added(rule, like, { kind: 'jump', chain: 'web' }),
  (rule, like) => added(rule, like, { kind: 'mark', mark: { value: 1, mask: 0xff } }),
]

function added(rule: Rule, like: Packet, doing: Doing) {
  const chosen: Chosen[] = [
    { kind: 'such', packet: like, hints: { hook: 'input' } },
    { kind: 'destination', packet: like },
    { kind: 'answers' },
    { kind: 'all' },
  ]
  const ref = refOf(rule)
  return chosen.flatMap((one) => [
    changesOf(ref).add(ref, { chain: 'input', before: ref }, one, doing),
    changesOf(ref).add(ref, { chain: 'input' }, one, doing),
  ])
}

const change = fc
  .tuple(fc.nat(RULES.length - 1), packet, fc.nat(WAYS.length - 1), fc.nat(7))
  .map(([at, like, way, i]): Change | undefined => {
    const rules = rulesOf(before())
    const made = [WAYS[way]!(rules[at]!, like, rules)].flat().filter((one) => one !== undefined) as object[]
    const one = made[i % Math.max(made.length, 1)]
    return one && 'edits' in one ? (one as Change) : undefined
  })

function applied(world: World, edits: readonly Edit[]): World {
  return edits.reduce((now, edit) => {
    const after = applyEdit(now, edit)
    if ('error' in after) throw new Error(`${printEdit(edit)}: ${after.error}`)
    return after.world
  }, world)
}

it('is read as it was printed, and taken back', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(change, (one) => {
      fc.pre(one !== undefined)
      for (const edit of [...one.edits, ...one.undo])
        expect(parseCommand(printEdit(edit))).toMatchObject({ edits: [edit] })
      const after = applied(before(), one.edits)
      expect(shown(after)).not.toEqual(shown(before()))
      // a deleted rule has another handle when it is back
      const texts = (world: World) => rulesOf(world).map(({ text }) => text)
      expect(texts(applied(after, one.undo))).toEqual(texts(before()))
      for (const edit of one.edits) seen.add('op' in edit ? edit.op : '')
    }),
    { numRuns: share(600) },
  )
  expect([...seen].sort()).toEqual(['add', 'delete', 'insert', 'replace'])
})

it('is taken back in any order, where rules were added', () => {
  const isNew = ({ undo }: Change) => undo.every(({ kind }) => kind === 'nft-comment')
  fc.assert(
    fc.property(fc.array(change, { minLength: 2, maxLength: 4 }), fc.nat(), (some, turn) => {
      const news = some.filter((one): one is Change => one !== undefined && isNew(one))
      const distinct = [...new Map(news.map((one) => [JSON.stringify(one.edits), one])).values()]
      fc.pre(distinct.length > 1)
      const after = distinct.reduce((world, { edits }) => applied(world, edits), before())
      const order = distinct.map((_, i) => distinct[(i + turn) % distinct.length]!)
      for (const [i, { undo }] of order.entries()) {
        const left = applied(
          after,
          order.slice(0, i + 1).flatMap((one) => one.undo),
        )
        expect(rulesOf(left)).toHaveLength(RULES.length + order.length - i - 1)
        const gone = (undo[0] as { comment: string }).comment
        expect(rulesOf(left).some(({ comment }) => comment === gone)).toBe(false)
      }
      expect(
        shown(
          applied(
            after,
            order.flatMap(({ undo }) => undo),
          ),
        ),
      ).toEqual(shown(before()))
    }),
    { numRuns: share(200) },
  )
})

it('changes the very condition that kept the rule from matching', () => {
  const rule = rulesOf(before())[1]!
  const condition = rule.conditions.find((one) => conditionText(one).includes('dport'))!
  const made = changesOf(refOf(rule)).correct(
    refOf(rule),
    { condition: rule.conditions.at(-1) ?? condition, settled: false },
    { protocol: 'tcp', dport: 8443 },
  ) as Change
  expect(printEdit(made.edits[0]!)).toBe(
    'nft replace rule inet filter input handle 11 tcp dport { 80, 443, 8443 } counter accept comment \'"web"\'',
  )
})
