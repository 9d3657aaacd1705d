/** How many hops a packet may still take: IPv4's TTL and IPv6's hop limit, alike (libipt_ttl.c, libip6t_hl.c, and TTL, HL). */
import type { Condition, Op } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import {
  atLeastOne,
  atMostOne,
  defineMatch,
  defineTarget,
  type IpFamily,
  type Match,
  type Target,
  word,
} from '../extension.ts'
import { readNumber, u8 } from './numbers.ts'

const COMPARISONS: Readonly<Record<string, Op>> = { eq: '==', lt: '<', gt: '>' }

/** `-m NAME` with `--NAME-eq`, `--NAME-lt` and `--NAME-gt`. */
export function hopsMatch(name: string, family: IpFamily, field: string): Match {
  const options = {
    [`${name}-eq`]: u8({ invert: true, aliases: [name] }),
    [`${name}-lt`]: u8(),
    [`${name}-gt`]: u8(),
  }
  return defineMatch({
    name,
    family,
    options,
    check(values) {
      atLeastOne(values, ...Object.keys(options))
      atMostOne(values, ...Object.keys(options))
    },
    conditions: (values) => Object.entries(values).map(([option, given]) => condition(field, option, given!)),
  })
}

function condition(field: string, option: string, { value, not }: Negatable<number>): Condition {
  const op = not ? '!=' : COMPARISONS[option.slice(-2)]!
  return { kind: 'compare', field, op, value, text: `${not ? '! ' : ''}--${option} ${value}` }
}

/** `-j NAME` with `--name-set`, `--name-dec` and `--name-inc`, which stop at 0 and 255. */
export function hopsTarget(name: string, family: IpFamily, field: string): Target {
  const prefix = name.toLowerCase()
  const step = () => word((text) => readNumber(text, 0xff, 1), String)
  const options = { [`${prefix}-set`]: u8(), [`${prefix}-dec`]: step(), [`${prefix}-inc`]: step() }
  return defineTarget({
    name,
    family,
    tables: ['mangle'],
    options,
    check(values) {
      atLeastOne(values, ...Object.keys(options))
      atMostOne(values, ...Object.keys(options))
    },
    statements: (values) =>
      Object.entries(values).map(([option, given]) => {
        const { value } = given!
        if (option.endsWith('-set')) return { kind: 'set', field, value, mask: 0xff }
        return { kind: 'set', field, value, op: option.endsWith('-inc') ? 'add' : 'sub' }
      }),
  })
}
