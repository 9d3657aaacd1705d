/** Edits → `ipset …`. */
import type { Word } from '../../model/command.ts'
import type { SetEdit } from '../../model/edit.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import { positional } from '../words.ts'
import { ELEMENT_OPTIONS } from './types.ts'

/** The words of the command, not yet quoted for a shell. */
export function ipsetWords({ op, set, other, definition, element, options = {}, exist }: SetEdit): Word[] {
  const given = [set, other, element].filter((word) => word !== undefined).map(positional)
  return [
    ...['ipset', op, ...given],
    ...(definition ? createWords(definition) : []),
    ...Object.entries(options).flatMap(([option, value]) => (ELEMENT_OPTIONS[option] ? [option, value] : [option])),
    ...(exist ? ['-exist'] : []),
  ]
}

/** The words of `create` behind the set's name. */
function createWords(set: NamedSet): string[] {
  const { type, addresses, range, most, timeout, addressMask, markMask, forceadd, carries = [] } = set
  const given = (option: string, value: unknown) => (value === undefined ? [] : [option, String(value)])
  return [
    type,
    ...given('family', addresses === 'ip6' ? 'inet6' : undefined),
    ...given('range', range),
    ...given(type === 'list:set' ? 'size' : 'maxelem', most === (type === 'list:set' ? 8 : 65_536) ? undefined : most),
    ...given(typeof addressMask === 'string' ? 'bitmask' : 'netmask', addressMask),
    ...given('markmask', markMask),
    ...given('timeout', timeout),
    ...carries,
    ...(forceadd ? ['forceadd'] : []),
  ]
}
