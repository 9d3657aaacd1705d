/**
 * A filter as alternatives, each a list of comparisons that all have to hold: what one rule of nft or iptables can ask.
 * What the kernel cannot be asked where a packet comes in is left out; so the alternatives take every packet that the
 * filter takes, and maybe more.
 */
import type { Condition, Scalar, Value } from '../model/condition.ts'

export interface Atom {
  field: string
  value: Value
  mask?: Scalar
  negated: boolean
}

/** More rules than this would burden each packet more than they save. */
const MOST = 64

/** Known only further on, or not to be asked: `mark` and `out` count wherever the journey shows them. */
const LEFT_OUT = new Set(['meta mark', 'meta oifname', 'tcp option raw'])

/** At least one; an alternative without atoms takes every packet. `whole`: nothing was left out. */
export function alternatives(condition: Condition): { list: readonly (readonly Atom[])[]; whole: boolean } {
  const state = { whole: true }
  const list = expand(condition, false, state)
  if (list && list.length <= MOST) return { list, whole: state.whole }
  return { list: [[]], whole: false }
}

type Alternatives = readonly (readonly Atom[])[]

/** Undefined: too many. */
function expand(condition: Condition, negated: boolean, state: { whole: boolean }): Alternatives | undefined {
  switch (condition.kind) {
    case 'not':
      return expand(condition.of, !negated, state)
    case 'all':
    case 'any': {
      const parts = condition.of.map((one) => expand(one, negated, state))
      return (condition.kind === 'all') === negated ? either(parts) : together(parts)
    }
    case 'compare': {
      const { field, value, mask, op } = condition
      if (op === '==' && !LEFT_OUT.has(field))
        return atomAlternatives({ field, value, ...(mask === undefined ? {} : { mask }), negated })
      break
    }
  }
  state.whole = false
  return [[]]
}

/** A packet without the header has no such field: then the comparison fails, and its negation holds. */
function atomAlternatives(atom: Atom): Alternatives {
  const dependency = dependencyOf(atom.field)
  if (!dependency) return [[atom]]
  // that every address is of `::/0`, iptables-nft cannot be asked the other way round
  const always = typeof atom.value === 'object' && 'prefix' in atom.value && atom.value.length === 0
  if (!atom.negated) return [always ? [dependency] : [dependency, atom]]
  return [[{ ...dependency, negated: true }], ...(always ? [] : [[dependency, atom]])]
}

const HEADERS: Readonly<Record<string, Omit<Atom, 'negated'>>> = {
  ip: { field: 'meta nfproto', value: 'ipv4' },
  ip6: { field: 'meta nfproto', value: 'ipv6' },
  tcp: { field: 'meta l4proto', value: 'tcp' },
  udp: { field: 'meta l4proto', value: 'udp' },
  sctp: { field: 'meta l4proto', value: 'sctp' },
  icmp: { field: 'meta l4proto', value: 'icmp' },
  icmpv6: { field: 'meta l4proto', value: 'icmpv6' },
  th: { field: 'meta l4proto', value: { set: ['tcp', 'udp', 'sctp'] } },
}

function dependencyOf(field: string): Atom | undefined {
  const header = HEADERS[field.slice(0, field.indexOf(' '))]
  return header && { ...header, negated: false }
}

function either(parts: readonly (Alternatives | undefined)[]): Alternatives | undefined {
  const list: (readonly Atom[])[] = []
  for (const part of parts) {
    if (!part) return undefined
    for (const one of part) list.push(one)
    if (list.length > MOST) return undefined
  }
  return list
}

function together(parts: readonly (Alternatives | undefined)[]): Alternatives | undefined {
  let list: Alternatives = [[]]
  for (const part of parts) {
    if (!part) return undefined
    const next: (readonly Atom[])[] = []
    for (const left of list)
      for (const right of part) {
        const atoms = simplify([...left, ...right])
        if (atoms) next.push(atoms)
      }
    if (next.length > MOST) return undefined
    list = next
  }
  return list
}

/** One question for each of family and protocol, in front, as nft wants them; undefined where it can never hold. */
function simplify(atoms: readonly Atom[]): Atom[] | undefined {
  const family = merged(atoms, 'meta nfproto')
  const protocol = merged(atoms, 'meta l4proto')
  if (!family || !protocol) return undefined
  const single = protocol[0] && !protocol[0].negated && typeof protocol[0].value === 'string' && protocol[0].value
  const others = atoms
    .filter(({ field }) => field !== 'meta nfproto' && field !== 'meta l4proto')
    // nft takes `th` and `tcp` for two headers
    .map((atom) =>
      single && atom.field.startsWith('th ') ? { ...atom, field: `${single} ${atom.field.slice(3)}` } : atom,
    )
  const contradiction = others.some((one) =>
    others.some((other) => one.negated !== other.negated && sameQuestion(one, other)),
  )
  return contradiction ? undefined : [...family, ...protocol, ...withoutTwins(others)]
}

/** What is asked of a field that has one of several names; undefined: no value is left. */
function merged(atoms: readonly Atom[], field: string): Atom[] | undefined {
  let wanted: string[] | undefined
  const refused = new Set<string>()
  for (const atom of atoms) {
    if (atom.field !== field) continue
    const names =
      typeof atom.value === 'object' && 'set' in atom.value ? atom.value.set.map(String) : [String(atom.value)]
    if (atom.negated) for (const name of names) refused.add(name)
    else wanted = wanted ? wanted.filter((one) => names.includes(one)) : names
  }
  if (wanted) {
    const left = wanted.filter((one) => !refused.has(one))
    return left.length === 0 ? undefined : [{ field, value: oneOrSet(left), negated: false }]
  }
  return refused.size === 0 ? [] : [{ field, value: oneOrSet([...refused]), negated: true }]
}

const oneOrSet = (names: string[]): Value => (names.length === 1 ? names[0]! : { set: names })

const sameQuestion = (one: Atom, other: Atom): boolean =>
  one.field === other.field && JSON.stringify([one.value, one.mask]) === JSON.stringify([other.value, other.mask])

const withoutTwins = (atoms: readonly Atom[]): Atom[] =>
  atoms.filter((one, i) => atoms.findIndex((other) => other.negated === one.negated && sameQuestion(one, other)) === i)
