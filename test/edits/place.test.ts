/** A rule that the kernel would refuse in its place is refused, however little of the table is looked at for it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { applyEdit, Editor } from '../../src/edits/apply.ts'
import { refuseMisplaced } from '../../src/edits/iptables/reach.ts'
import { parseCommand } from '../../src/edits/parse.ts'
import { EditProblem } from '../../src/edits/problem.ts'
import type { Edit } from '../../src/model/edit.ts'
import type { World } from '../../src/model/world.ts'
import { readIptablesSave } from '../../src/read/rulesets/iptables-save.ts'
import { share } from '../share.ts'

const CHAINS = ['PREROUTING', 'POSTROUTING', 'OUTPUT', 'A', 'B', 'C']
const WORDS = [
  ...['A', 'B', 'C'].map((to) => `-p tcp -j ${to}`),
  ...['-j A', '-g B', '-j C', '-j ACCEPT', '-p udp -j RETURN', '-j MASQUERADE', '-j DNAT --to-destination 10.0.0.1'],
]

type Rules = Record<string, string[]>

function worldOf(rules: Rules, backend: 'legacy' | 'nft'): World {
  const heads = CHAINS.map((name) => `:${name} ${name.length === 1 ? '-' : 'ACCEPT'} [0:0]`)
  const lines = CHAINS.flatMap((name) => rules[name]!.map((words) => `-A ${name} ${words}`))
  const [{ tables } = { tables: [] }] = readIptablesSave(['*nat', ...heads, ...lines, 'COMMIT\n'].join('\n'), () => {})
  return { tables: tables.map((table) => ({ ...table, backend })), sets: [], host: {} }
}

function refusalOf(world: World): string | undefined {
  try {
    refuseMisplaced(world.tables[0]!)
    return undefined
  } catch (problem) {
    if (problem instanceof EditProblem) return problem.message
    throw problem
  }
}

interface Step {
  op: 'A' | 'I' | 'R' | 'D'
  chain: string
  words: string
}

/** Undefined: there is no rule to replace or to delete. */
function changed(rules: Rules, { op, chain, words }: Step): { command: string; after: Rules } | undefined {
  const own = rules[chain]!
  if ((op === 'R' || op === 'D') && own.length === 0) return undefined
  const after = op === 'A' ? [...own, words] : [...(op === 'D' ? [] : [words]), ...(op === 'I' ? own : own.slice(1))]
  const place = op === 'A' ? '' : ' 1'
  return {
    command: `iptables -t nat -${op} ${chain}${place}${op === 'D' ? '' : ` ${words}`}`,
    after: { ...rules, [chain]: after },
  }
}

function editOf(command: string): Edit {
  const read = parseCommand(command)
  if (!('edits' in read)) throw new Error(`${command}: ${read.error.message}`)
  return read.edits[0]!
}

const step = fc.record({
  op: fc.constantFrom('A', 'A', 'I', 'R', 'D'),
  chain: fc.constantFrom(...CHAINS),
  words: fc.constantFrom(...WORDS),
}) as fc.Arbitrary<Step>

it('refuses of one rule after the other what it refuses of the whole table', () => {
  let refused = 0
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 24 }), fc.constantFrom('legacy', 'nft'), (steps, backend) => {
      let rules: Rules = Object.fromEntries(CHAINS.map((name) => [name, []]))
      let world = worldOf(rules, backend)
      const editor = new Editor(world)
      let isExact = true
      for (const one of steps) {
        const change = changed(rules, one)
        if (!change) continue
        const edit = editOf(change.command)
        const expected = refusalOf(worldOf(change.after, backend))
        const result = applyEdit(world, edit)
        const message = 'error' in result ? result.error : undefined
        expect(message).toBe(expected)
        // a script counts what stands behind a verdict for every packet as led to
        isExact &&= one.op === 'D' || one.words !== '-j ACCEPT'
        if (isExact) expect(editor.apply(edit)).toBe(expected)
        if ('error' in result) refused++
        else {
          world = result.world
          rules = change.after
        }
      }
    }),
    { numRuns: share(2000) },
  )
  expect(refused).toBeGreaterThan(share(500))
})

it('looks at the whole table again once a chain has another name', () => {
  const rules: Rules = { ...Object.fromEntries(CHAINS.map((name) => [name, []])), OUTPUT: ['-j A'], A: ['-j B'] }
  const editor = new Editor(worldOf(rules, 'legacy'))
  expect(editor.apply(editOf('iptables -t nat -E B D'))).toBeUndefined()
  expect(editor.apply(editOf('iptables -t nat -A D -j A'))).toContain('loop')
  expect(editor.apply(editOf('iptables -t nat -A D -j MASQUERADE'))).toContain('MASQUERADE works only')
})

it('refuses a change of a table that would be refused as it is', () => {
  const rules: Rules = {
    ...Object.fromEntries(CHAINS.map((name) => [name, []])),
    A: ['-j B'],
    B: ['-j A'],
    OUTPUT: ['-j A'],
  }
  const result = applyEdit(worldOf(rules, 'legacy'), editOf('iptables -t nat -A OUTPUT -j C'))
  expect(result).toEqual({ error: expect.stringContaining('loop') })
})
