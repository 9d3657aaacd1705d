/**
 * Which tables a machine may have besides those that were listed. `iptables -S` and `iptables -L` print one table,
 * `nft list table` another; iptables-save and `nft list ruleset` print all that there are.
 */
import type { Chain, Table } from '../model/ruleset.ts'
import type { World } from '../model/world.ts'
import { builtInChains, emptyChain } from '../rules/iptables/built-in.ts'
import { tablesNotShown } from '../rules/not-shown.ts'
import { readsMarks } from '../rules/reads-marks.ts'
import type { Dump } from './world.ts'

type IpFamily = 'ip' | 'ip6'

/** Of security, which SELinux alone uses, nobody thinks: it is not missed. */
const MISSED = ['raw', 'mangle', 'nat', 'filter']

/** Who shows both has shown what decides, but for marks: the others are taken for empty, which is said (besideWords). */
const DECIDING = ['nat', 'filter']

/** Stands for the tables of nf_tables that were not listed, whatever they are called. */
export const OTHERS = 'others'

/** Placeholders, whose chains have neither rules nor a policy. Undefined: everything is listed, or nothing at all. */
export function unlistedTables(dumps: readonly Dump[], world: World): Table[] | undefined {
  const { host } = world
  const listed = dumps.filter((dump) => dump.tables.length > 0)
  if (listed.length === 0 || listed.some(({ shows }) => shows === 'script')) return undefined
  const missing = (['ip', 'ip6'] as const).flatMap((family) => {
    if (host.withoutRules?.some((one) => one === family || one === 'nf_tables')) return []
    return missingOf(family, listed, world)
  })
  return missing.length > 0 ? missing : undefined
}

function missingOf(family: IpFamily, listed: readonly Dump[], world: World): Table[] {
  const { tables } = world
  const all = listed.flatMap((dump) => dump.tables.map((table) => ({ table, isWhole: dump.shows === undefined })))
  const isOf = ({ kind, family: of }: Table) => kind === 'iptables' && of === family
  if (all.some(({ table, isWhole }) => isWhole && isOf(table))) return []
  const parts = all.filter(({ table, isWhole }) => !isWhole && isOf(table)).map(({ table }) => table)
  const ofNft = all.filter(({ table }) => table.kind === 'nft')
  const isThere = ({ name }: Pick<Table, 'name'>) =>
    tables.some((one) => one.family === family && one.name === name && one.kind === 'nft')
  // what iptables-nft made is among what nft lists
  if (ofNft.some(({ isWhole }) => isWhole) && parts.every(isThere)) return []
  if (parts.length === 0 && ofNft.length > 0) return [otherTables(family, tables)]
  const known = new Set(tables.filter((one) => one.family === family).map(({ name }) => name))
  if (DECIDING.every((name) => known.has(name)) && !readsMarks(world)) return []
  const [backend] = parts.flatMap((one) => one.backend ?? [])
  return MISSED.filter((name) => !known.has(name)).map((name) => placeholder(family, name, backend))
}

function placeholder(family: IpFamily, name: string, backend: Table['backend']): Table {
  const chains = builtInChains(name)!.map((chain) => [chain, emptyChain(chain, name, backend)] as const)
  return { family, name, kind: 'iptables', ...(backend ? { backend } : {}), chains: new Map(chains), unlisted: true }
}

/** They may filter at every hook, and rewrite where no chain is listed that does. */
function otherTables(family: IpFamily, tables: readonly Table[]): Table {
  const own = tables.filter((one) => one.family === family || one.family === 'inet')
  const rewrites = own.some(({ chains }) => [...chains.values()].some(({ type }) => type === 'nat'))
  const filter = placeholder(family, 'mangle', undefined)
  const nat = rewrites ? [] : [...placeholder(family, 'nat', undefined).chains.values()]
  const asOthers = (chain: Chain, name: string): [string, Chain] => [name, { ...chain, name }]
  return {
    family,
    name: OTHERS,
    kind: 'nft',
    unlisted: true,
    chains: new Map([
      ...[...filter.chains.values()].map((chain) => asOthers({ ...chain, type: 'filter' }, chain.hook!)),
      ...nat.map((chain) => asOthers(chain, `nat ${chain.hook}`)),
    ]),
  }
}

/** A machine that has rules in nat or mangle alone is rare; what `iptables-save -t nat` wrote into a file is not. */
export function aloneWords(dumps: readonly Dump[], { tables, unlisted }: World): string | undefined {
  const [only, ...others] = tables
  if (others.length > 0 || only?.kind !== 'iptables' || !/^(?:nat|mangle)$/.test(only.name)) return undefined
  // what was typed by hand was not cut off
  if (!dumps.some((dump) => dump.date !== undefined && dump.tables.includes(only))) return undefined
  if (unlisted?.some(({ family }) => family === only.family)) return undefined
  return `only table ${only.name} was given: nfwhy takes the other tables for empty, unless they were left out with -t`
}

/** The tables that are taken for empty beside nat and filter, where each was listed by itself. */
export function besideWords(dumps: readonly Dump[], { tables, unlisted }: World): string | undefined {
  const listed = dumps.filter((dump) => dump.tables.length > 0)
  if (listed.length === 0 || listed.some(({ shows }) => shows !== 'partial')) return undefined
  const own = tables.filter(({ kind }) => kind === 'iptables')
  const families = new Set(own.map(({ family }) => family))
  if (unlisted?.some(({ family }) => families.has(family))) return undefined
  const missing = MISSED.filter((name) =>
    [...families].some((family) => !own.some((one) => one.family === family && one.name === name)),
  )
  if (missing.length === 0) return undefined
  const them = missing.length > 1 ? 'them' : 'it'
  return `${tablesNotShown(missing)}: nfwhy takes ${them} for empty (iptables-save shows all tables)`
}
