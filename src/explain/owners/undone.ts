/** Which program undoes a fix: the owner of what it changes; or may get in front of it again. */

import { mentions } from '../../edits/nft/mentions.ts'
import { basesOf } from '../../journey/base-chains.ts'
import type { Edit } from '../../model/edit.ts'
import type { Fix, FixOwner } from '../../model/journey.ts'
import type { Table } from '../../model/ruleset.ts'
import type { World } from '../../model/world.ts'
import type { Proposal } from '../changes/proposal.ts'
import { graphOf } from '../counterfactual/chain-graph.ts'
import type { Owned, Owner } from './owner.ts'
import { ownerOf, ownerOfSet } from './owners.ts'

/** Completes a note: who writes back what was deleted, and when. */
export const restores = ({ name, when }: Pick<Owner, 'name' | 'when'>): string => `${name} restores its rules ${when}`

/** Of rules that are there for a while. */
const passes = ({ name, when }: Owner): string => `${name} has these rules only ${when}`

/** Where a change lasts. */
export const keeps = ({ lasting }: Pick<Owner, 'lasting'>): string => `to keep it, ${lasting}`

/** The fix with its owner, and the note that says so. */
export function withOwner<F extends Proposal>({ beside, ...fix }: F, world: World): Omit<F, 'beside'> {
  if (!fix.edits) return fix
  const undoes = undoneBy(fix.edits, world)
  const isMeantFor = (edit: Edit) => edit.kind === 'rule' && isLeftToUsers(edit.chain, beside!.owner)
  const found = undoes ?? (beside && fix.edits.every(isMeantFor) ? undefined : beside)
  if (!found) return fix
  if (found.owner.passing) return { ...fix, note: [fix.note, passes(found.owner)].filter(Boolean).join('; ') }
  const told = toldOwner(joining(found.owner, fix.edits), found.chain)
  const { lasting, ...briefly } = told
  const isOfUse =
    lasting !== undefined && !namesUnreached(lasting, world) && !namesAbsent(lasting, found.owner, fix.edits, world)
  const owner = isOfUse ? told : briefly
  const note = [fix.note, restores(owner), ...(isOfUse ? [keeps({ lasting })] : [])]
    .filter((one) => one !== undefined)
    .join('; ')
  return { ...fix, owner: { ...owner, ...(undoes ? {} : { beside: true as const }) }, note }
}

/** A rule that leads to a zone's chain stands for an interface of that zone. */
function joining(owner: Owner, edits: readonly Edit[]): Owner {
  const { chains, lasting } = owner.joins ?? {}
  const found = edits.flatMap(ledTo).flatMap((chain) => chains?.exec(chain) ?? [])
  const zone = found.slice(1).find((one) => one !== undefined)
  return zone === undefined ? owner : { ...owner, lasting: lasting!.replace('ZONE', () => zone) }
}

function ledTo(edit: Edit): string[] {
  if (edit.kind === 'nft') return edit.op === 'add' || edit.op === 'insert' ? mentions(edit.object).chains : []
  const target = edit.kind === 'rule' && edit.op !== 'delete' ? edit.spec?.target : undefined
  return target?.chain ? [target.name] : []
}

/** The owner jumps to it, and has no rules of its own there: DOCKER-USER. */
const isLeftToUsers = (chain: string | undefined, { marks }: Owner): boolean =>
  chain !== undefined && marks.some(({ jumps }) => jumps?.test(chain))

/** What is put into a chain that is there and that nothing leads to changes nothing. */
const namesUnreached = (advice: string, { tables, sets }: World): boolean =>
  (advice.match(/[\w-]+/g) ?? []).some((word) => {
    const having = tables.filter(({ chains }) => chains.get(word)?.hook === undefined && chains.has(word))
    const leads = (table: Table) => basesOf(table).some((base) => graphOf(table, sets).reachableFrom(base).has(word))
    return having.length > 0 && !having.some(leads)
  })

/** The chain that the owner leaves to users is not in the table that is changed: an older docker makes none for IPv6. */
function namesAbsent(advice: string, { marks }: Owner, edits: readonly Edit[], { tables }: World): boolean {
  const meant = (advice.match(/[\w-]+/g) ?? []).filter((word) => marks.some(({ jumps }) => jumps?.test(word)))
  const changed = edits.flatMap((edit) =>
    edit.kind === 'rule' || edit.kind === 'chain'
      ? tables.filter(({ family, name }) => family === edit.family && name === edit.table)
      : [],
  )
  return changed.length > 0 && meant.some((word) => !changed.some(({ chains }) => chains.has(word)))
}

/** As a fix has it. */
export const toldOwner = (owner: Owner, chain?: string): FixOwner => ({
  name: owner.name,
  when: owner.when,
  // of no zone: then it is a policy's, or all zones'
  lasting: withOption(inZone(owner, owner.lasting, chain)),
})

/** With the names of zones, where the chain has them. */
export const inZone = ({ zoned }: Owner, advice: string, chain = ''): string => {
  const found = zoned?.exec(chain)
  const [zone, egress] = [found?.[1], found?.groups?.egress]
  const inZone = zone === undefined ? advice : advice.replace('ZONE', () => zone)
  return egress === undefined ? inZone : inZone.replace('EGRESS', () => egress)
}

/** `option`: of the zone or policy, as the owner's command takes it. */
export const withOption = (advice: string, option?: string): string =>
  advice.replace(' --zone=ZONE', () => (option === undefined ? '' : ` ${option}`))

/** Of several steps in one fix, the first that somebody undoes. */
export const ownerOfAll = (fixes: readonly Fix[]): Pick<Fix, 'owner'> => {
  const owners = fixes.flatMap(({ owner }) => (owner ? [owner] : []))
  const owner = owners.find(({ beside }) => !beside) ?? owners[0]
  return owner ? { owner } : {}
}

function undoneBy(edits: readonly Edit[], world: World): Owned | undefined {
  for (const edit of edits) {
    const owned = ownerOfEdit(edit, world)
    if (owned) return owned
  }
  return undefined
}

interface NftPlace {
  family?: string
  table?: string
  chain?: string
  name?: string
  handle?: number
}

function ownerOfEdit(edit: Edit, { tables }: World): Owned | undefined {
  const tableOf = (family?: string, name?: string): Table | undefined =>
    tables.find((one) => one.family === family && one.name === name)
  switch (edit.kind) {
    case 'rule':
    case 'chain': {
      const { family, table, chain, ruleNumber } = edit
      if (chain === undefined) return undefined
      const isNew = edit.op !== 'delete' && edit.op !== 'replace'
      return ownerAt({ family, table, chain }, tableOf(family, table), isNew, (rule) => rule.ruleNumber === ruleNumber)
    }
    case 'ipset':
      return edit.set === undefined ? undefined : owned(ownerOfSet({ set: edit.set }))
    case 'nft': {
      const [[kind, given] = ['', null]] = Object.entries(edit.object) as [string, NftPlace | null][]
      const table = kind === 'table' ? given?.name : given?.table
      if (given?.family === undefined || table === undefined) return undefined
      const { family, name } = given
      const chain = kind === 'chain' ? name : given.chain
      if (chain === undefined) return owned(ownerOfSet({ family, table, set: name ?? '' }))
      const isNew = edit.op === 'add' || edit.op === 'insert' || edit.op === 'create'
      const { handle } = given
      const isMeant = (rule: { handle?: number }) => handle !== undefined && rule.handle === handle
      return ownerAt({ family, table, chain }, tableOf(family, table), isNew, isMeant)
    }
    default:
      return undefined
  }
}

/**
 * `isRule`: the rule that is changed, or, where the edit's rule is new, the one that it is put in front of. Of a new rule nobody is
 * the owner but who has its chain, whose advice may differ by the rule that is in the way.
 */
function ownerAt(
  place: { family: string; table: string; chain: string },
  contents: Table | undefined,
  isNew: boolean,
  isRule: (rule: { ruleNumber: number; handle?: number }) => boolean,
): Owned | undefined {
  const rule = contents?.chains.get(place.chain)?.rules.find(isRule)
  const at = { ...place, ...(contents ? { contents } : {}) }
  const ofRule = ownerOf({ ...at, ...(rule ? { rule } : {}) })
  const ofChain = isNew ? ownerOf(at) : undefined
  const owner = isNew && ofRule?.name !== ofChain?.name ? ofChain : ofRule
  return owned(owner, place.chain)
}

const owned = (owner: Owner | undefined, chain?: string): Owned | undefined =>
  owner && { owner, ...(chain === undefined ? {} : { chain }) }
