/**
 * What changes tables of iptables and nft, ipset's sets, and interfaces and routes is fetched with the first input that
 * brings one, or with the first such edit: a page of a host that has none does not wait for it.
 */
import type { Edit } from '../model/edit.ts'
import { Later } from '../model/later.ts'
import { nftText } from '../rules/nft/text/later.ts'

/** Brings nothing itself: what asks for rules, and stands above this in the folders, is fetched with the first that are read or made. */
export const anyRules = new Later(() => Promise.resolve({}))

/** What knows the language of iptables: every match and target. A trace without rules may be changed in it, too. */
export const iptablesEdits = anyRules.with(() => import('./iptables/changes.ts'))
export const nftEdits = new Later(() => import('./nft/changes.ts'))
export const ipsetEdits = new Later(() => import('./ipset/apply.ts'))
export const ipEdits = new Later(() => import('./ip/apply.ts'))

/** With nft's language, which both read and write. */
export const loadNft = async (): Promise<void> => {
  await Promise.all([nftText.load(), nftEdits.load()])
}

/** Loads it with what reads something that may bring tables of nft's, or rules that are changed in its language. */
export const andNft = (load: () => Promise<void>) => async (): Promise<void> => {
  await Promise.all([load(), loadNft()])
}

/** The same for ipset's sets. */
export const andIpset = (load: () => Promise<void>) => async (): Promise<void> => {
  await Promise.all([load(), ipsetEdits.load()])
}

const OF_IP = ['route', 'routing-rule', 'address', 'neighbour', 'bridge-port'] as const

/** What applying these needs. */
export async function loadFor(edits: readonly Edit[]): Promise<void> {
  const kinds = new Set(edits.map(({ kind }) => kind))
  await Promise.all([
    kinds.has('rule') || kinds.has('chain') || kinds.has('nft') ? anyRules.load() : undefined,
    kinds.has('nft') || kinds.has('nft-comment') ? loadNft() : undefined,
    kinds.has('ipset') ? ipsetEdits.load() : undefined,
    OF_IP.some((kind) => kinds.has(kind)) ? ipEdits.load() : undefined,
  ])
}
