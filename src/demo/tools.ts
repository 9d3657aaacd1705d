/** The programs of a backend, and what keeps an incident from being played here. */
import type { Backend, Incident } from './incident.ts'
import { LabError } from './lab.ts'

export interface Tools {
  v4: string
  v6: string
}

export const toolsFor = (backend: Backend): Tools =>
  backend === 'xtables-nft'
    ? { v4: 'iptables-nft', v6: 'ip6tables-nft' }
    : { v4: 'iptables-legacy', v6: 'ip6tables-legacy' }

/** Which programs it takes. */
function neededTools({ backend, hosts, packet, alike = [] }: Incident): string[] {
  const rules = Object.values(hosts).map((host) => host.rules ?? {})
  const { v4, v6 } = toolsFor(backend)
  const needed = ['unshare', 'ip', 'ss']
  if (backend === 'nft' || rules.some(({ nft }) => nft !== undefined)) needed.push('nft')
  if (backend === 'xtables-nft') needed.push('nft', 'xtables-monitor')
  if (rules.some((one) => one.v4 !== undefined)) needed.push(v4)
  if (rules.some((one) => one.v6 !== undefined)) needed.push(v6)
  if (rules.some(({ ipset }) => ipset !== undefined)) needed.push('ipset')
  if (backend === 'legacy') needed.push('tcpdump')
  if ([packet, ...alike].some(({ what }) => what === 'ping')) needed.push('ping')
  return needed
}

/**
 * As it can be played here: with iptables-nft in place of iptables-legacy, where that or what reads its trace is missing.
 * Throws LabError where neither goes.
 */
export function playable(incident: Incident): { incident: Incident; instead?: string } {
  if (process.platform !== 'linux') throw new LabError(`nfwhy demo needs Linux; this machine runs ${process.platform}.`)
  const reasons = [
    ...missingTools(neededTools(incident)).map((tool) => `${tool} is not installed`),
    // tcpdump changes its user as it starts, which no user may in a user namespace
    ...(incident.backend === 'legacy' && process.getuid?.() !== 0 ? ['only root can read its trace'] : []),
  ]
  if (reasons.length === 0) return { incident }
  const other = withIptablesNft(incident)
  if (incident.backend === 'legacy' && !incident.onlyLegacy && missingTools(neededTools(other)).length === 0)
    return {
      incident: other,
      instead: `This demo runs with iptables-nft instead of iptables-legacy: ${reasons.join(', ')}.`,
    }
  throw new LabError(`The demo ${incident.name} cannot run here: ${reasons.join(', ')}.`)
}

/** The same rules in nf_tables; what is proposed is in nft's words then. */
export function withIptablesNft(incident: Incident): Incident {
  const { expected } = incident
  return { ...incident, backend: 'xtables-nft', expected: { ...expected, fix: { ...expected.fix, proposed: false } } }
}

const PACKAGES: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  ip: 'iproute2',
  ss: 'iproute2',
  nft: 'nftables',
  'iptables-legacy': 'iptables',
  'ip6tables-legacy': 'iptables',
  'iptables-nft': 'iptables',
  'ip6tables-nft': 'iptables',
  'xtables-monitor': 'iptables',
  ping: 'iputils-ping',
}

/** `nft (package nftables)` for each that is not in PATH. */
function missingTools(needed: readonly string[]): string[] {
  const { accessSync, constants } = process.getBuiltinModule('node:fs')
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']
  const there = (name: string) =>
    folders.some((folder) => {
      try {
        accessSync(`${folder}/${name}`, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
  return needed.filter((name) => !there(name)).map((name) => `${name} (package ${PACKAGES[name] ?? name})`)
}
