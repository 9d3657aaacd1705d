/** How many hops a packet may still take: IPv4's TTL and IPv6's hop limit, compared alike (libipt_ttl.c, libip6t_hl.c). */
import type { Condition, Op } from '../../../model/condition.ts'
import type { Negatable } from '../../../model/ruleset.ts'
import { atLeastOne, atMostOne, defineMatch, type IpFamily, type Match } from '../extension.ts'
import { u8 } from './numbers.ts'

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
