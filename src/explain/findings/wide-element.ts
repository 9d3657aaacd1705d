/** A set of networks that has halves of the internet for elements holds nearly every address. */
import { parseAddress } from '../../model/address.ts'
import type { NamedSet } from '../../model/ruleset.ts'
import type { SetElement } from '../../model/set-element.ts'
import type { World } from '../../model/world.ts'
import type { EvalContext } from '../../rules/eval-context.ts'
import { held } from '../../rules/facts.ts'
import { setFields } from '../../rules/ipset.ts'
import { hex } from '../../rules/iptables/values/numbers.ts'
import { prefixLength } from '../../rules/prefixes.ts'
import { covers, readPrefix } from '../../rules/routing-table.ts'
import type { Visit } from '../../rules/walk.ts'
import { propose } from '../changes/change.ts'
import type { Change } from '../changes/proposal.ts'
import { removeElement, setOf } from '../changes/sets.ts'
import { type Context, momentAt } from '../context.ts'
import type { Lookup } from '../counterfactual/map-keys.ts'
import { markBehind } from '../counterfactual/mark-behind.ts'
import { nameRef, refAt, refOf } from '../refs.ts'
import type { Described } from './mark-lost.ts'

/** By such an element alone the rule of step `i` matched, in front of the one that would have set the mark that is asked for. */
export function takenByWideElement(context: Context, i: number, { chain, rule: setter }: Visit): Described | undefined {
  const { rule, table } = context.evidence.arrivals[i]!
  const [ref, moment] = [refAt(context, i), momentAt(context, i)]
  const now = markBehind(context, i)
  if (!ref || !table || now === undefined) return undefined
  const by = refOf(context, table.name, chain, setter)
  for (const one of rule?.conditions ?? []) {
    if (one.kind !== 'lookup' || one.differs || one.fields.length !== 1) continue
    for (const set of membersOf(context.world, setOf(context, one))) {
      const address = addressAsked(one, set, moment)
      if (address === undefined) continue
      const wide = set.elements.filter(isWide)
      const [own] = wide.filter(({ parts }) => isIn(address, parts[0]!))
      if (!own || set.elements.some((each) => isNarrower(each, address))) continue
      const element = own.parts[0]!
      return {
        words: `${nameRef(ref)} gave it ${hex(now)}, because ${element} in set ${set.name} covers ${address}. Without that, ${nameRef(by)} would have set the mark`,
        refs: [ref, by],
        fix: propose(
          `remove ${wide.map(({ parts }) => parts[0]).join(' and ')} from set ${set.name}`,
          without({ ...one, set: set.name }, set, wide),
          'affects every rule that uses this set',
        ),
      }
    }
  }
  return undefined
}

function addressAsked({ nft, fields }: Lookup, { type }: NamedSet, moment: EvalContext): string | undefined {
  const { family } = moment
  if (family !== 'ip' && family !== 'ip6') return undefined
  const [field] = nft ? fields : (setFields(type, fields, family) ?? [])
  const value = field === undefined ? undefined : held(field, moment)
  return typeof value === 'string' && parseAddress(value) ? value : undefined
}

const isIn = (address: string, network: string): boolean => {
  const [prefix, bytes] = [readPrefix(network), parseAddress(address)]
  return prefix !== undefined && bytes !== undefined && covers(prefix, bytes)
}

/** A set of sets is asked for all of its members. */
function membersOf({ sets }: World, set: NamedSet | undefined): NamedSet[] {
  if (set?.type !== 'list:set') return set ? [set] : []
  return set.elements.flatMap(
    ({ parts }) => sets.find(({ name, table }) => name === parts[0] && table === undefined) ?? [],
  )
}

/** Halves of the internet, as VPNs have them, stand for all of it. */
const WIDE = 1

const isNetwork = ({ parts: [part = ''] }: SetElement): boolean => /^[\da-f.:]+\/\d+$/i.test(part)

const isWide = (one: SetElement): boolean =>
  one.parts.length === 1 && !one.nomatch && isNetwork(one) && prefixLength(one.parts[0]!) <= WIDE

/** What has an element of its own is meant to be in the set, or out of it. */
const isNarrower = (one: SetElement, address: string): boolean =>
  one.parts.length === 1 && !isWide(one) && (isNetwork(one) ? isIn(address, one.parts[0]!) : one.parts[0] === address)

function without(lookup: Lookup, set: NamedSet, elements: readonly SetElement[]): Change | undefined {
  const changes = elements.map(({ parts }) => removeElement(lookup, set, parts[0]!, parts))
  const known = changes.filter((one) => one !== undefined)
  if (known.length < changes.length) return undefined
  return { edits: known.flatMap(({ edits }) => edits), undo: known.flatMap(({ undo }) => undo) }
}
