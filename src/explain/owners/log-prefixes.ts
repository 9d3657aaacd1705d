/**
 * What the prefix of a LOG line says of the verdict behind it: firewall managers write their rules so that a packet is
 * logged and then stopped, and who writes rules by hand mostly says in the prefix what comes next. The kernel says nothing.
 */
import type { Owner } from './owner.ts'
import { OWNERS } from './owners.ts'
import { inZone } from './undone.ts'

/** `stop`: one of the two, which its configuration says. */
export type Says = 'drop' | 'reject' | 'stop' | 'accept'

export interface Prefixed {
  /** Who writes such prefixes, and what it has to let packets in. */
  owner: Owner
  says: Says
  /** Its name for a sentence. */
  writer: string
  /** What of it does so; absent: its name says enough. */
  by?: string
  /** Why, where that is no rule about services: to let the service in helps nothing. */
  because?: string
  /** A zone or policy of firewalld's, as its command takes it. */
  option?: string
}

interface Row {
  owner: string
  prefix: RegExp
  /** Of what goes from a zone to another one: the owner has a row of its own for the chain. */
  forwards?: true
  /** Who writes it as well. */
  writer?: string
  told: (...groups: (string | undefined)[]) => Omit<Prefixed, 'owner' | 'writer'>
}

const INVALID = 'connection tracking calls it invalid'

const ROWS: readonly Row[] = [
  // src/backend_iptables.py; `ufw default` decides between drop and reject
  { owner: 'ufw', prefix: /^\[UFW BLOCK\]/, told: () => ({ says: 'stop' }) },
  {
    owner: 'ufw',
    prefix: /^\[UFW LIMIT BLOCK\]/,
    told: () => ({ says: 'reject', because: 'its source opened too many connections (ufw limit)' }),
  },
  { owner: 'ufw', prefix: /^\[UFW AUDIT INVALID\]/, told: () => ({ says: 'drop', because: INVALID }) },
  { owner: 'ufw', prefix: /^\[UFW ALLOW\]/, told: () => ({ says: 'accept' }) },
  // src/firewall/core/ipXtables.py and nftables.py, where LogDenied is not off
  { owner: 'firewalld', prefix: /^STATE_INVALID_DROP:/, told: () => ({ says: 'drop', because: INVALID }) },
  {
    owner: 'firewalld',
    prefix: /^rpfilter_DROP:/,
    told: () => ({
      says: 'drop',
      because: 'the route back to its source does not lead out of the interface that it came in on',
    }),
  },
  {
    owner: 'firewalld',
    prefix: /^FINAL_REJECT:/,
    told: () => ({ says: 'reject', by: "firewalld's last rule, after all zones," }),
  },
  {
    owner: 'firewalld',
    prefix: /^(?:filter_)?(?:IN|OUT|FWD[IO]?)_policy_([\w-]+)_(DROP|REJECT):/,
    told: (policy, says) => ({ says: read(says), by: `policy ${policy} of firewalld`, option: `--policy=${policy}` }),
  },
  {
    owner: 'firewalld',
    prefix: /^(?:filter_)?FWD[IO]?_([\w-]+)_(DROP|REJECT):/,
    forwards: true,
    told: (zone, says) => ({ says: read(says), by: `zone ${zone} of firewalld` }),
  },
  {
    owner: 'firewalld',
    prefix: /^(?:filter_)?(?:IN|OUT)_([\w-]+)_(DROP|REJECT):/,
    told: (zone, says) => ({ says: read(says), by: `zone ${zone} of firewalld`, option: `--zone=${zone}` }),
  },
  // root/usr/share/firewall4/templates/zone-verdict.uc; fw3 has the same in capitals (zones.c), which others write as well: only for zones that it makes
  {
    owner: 'openwrt',
    prefix: /^(drop|reject|(?:DROP|REJECT)(?= (?:lan|wan|guest) )) ([\w-]+) (?:in|out|forward): /,
    told: (says, zone) => ({ says: read(says), by: `zone ${zone} of openwrt` }),
  },
  // LOGFORMAT in shorewall.conf: chain and disposition
  {
    owner: 'shorewall',
    prefix: /^Shorewall6?:([^:\s]+):(ACCEPT|DROP|REJECT):/,
    told: (chain = '', says) => ({
      ...{ says: read(says), by: `chain ${chain} of shorewall` },
      ...(/^(blackl|smurf|logflags|tcpflags|rpfilter|sfilter|dynamic)/.test(chain)
        ? { because: 'shorewall checks addresses, TCP flags and blacklists there' }
        : {}),
    }),
  },
  // python/vyos/firewall.py: the rules' name, a rule's number or "default", and what it does; of a rule, R may be a return
  {
    owner: 'vyos',
    writer: 'vyos or edgeos',
    prefix: /^\[([\w.-]+)-(?:(\d+)-([AD])|default-([ADR]))\]/,
    told: (name, rule, says, otherwise) => ({
      says: read(says ?? otherwise),
      by: rule === undefined ? `the default action of ${name}` : `rule ${rule} of ${name}`,
    }),
  },
  // csf.pl, dologging: DROP in csf.conf decides between drop and reject
  { owner: 'csf', prefix: /^Firewall: \*(?:TCP|UDP|ICMP)6?_?(?:IN|OUT) Blocked\*/, told: () => ({ says: 'stop' }) },
]

/** Undefined: no firewall manager that is known writes it. */
export function prefixOf(prefix: string): Prefixed | undefined {
  for (const row of ROWS) {
    const match = row.prefix.exec(prefix)
    const rows = match ? OWNERS.filter(({ name }) => name === row.owner) : []
    // FWDI_public of `filter_FWDI_public_REJECT:`
    const chain = match?.[0].replace(/^filter_|_[A-Z]+:$/g, '') ?? ''
    const own = row.forwards ? rows.find(({ marks }) => marks.some(({ chains }) => chains?.test(chain))) : undefined
    const owner = own
      ? { ...own, instead: inZone(own, own.instead, chain) }
      : (rows.find(({ opens, zoned, allows }) => (opens && zoned) || allows) ?? rows[0])
    if (match && owner) return { owner, writer: row.writer ?? row.owner, ...row.told(...match.slice(1)) }
  }
  return undefined
}

/** By hand one writes "drop" in front of a REJECT, too. */
const STOPS =
  /(?<![a-z])(?:drop(?:ped|s|ping)?|reject(?:ed|s|ing)?|refused?|block(?:ed|s|ing)?|den(?:y|ied|ies)|discard(?:ed)?)(?![a-z]|-?list)/i
const ACCEPTS = /(?<![a-z])(?:accept(?:ed|s)?|allow(?:ed|s)?|permit(?:ted)?)(?![a-z])/i
/** It may not be what comes. */
const DOUBTED =
  /(?<![a-z])(?:not?|non|un|don'?t|never|would|may|might|maybe|if|test|dry|before|pre|post|after)(?![a-z])/i

/** What somebody wrote into it of a verdict: that word; undefined where there is none, or both. */
export function verdictWord(prefix: string): { word: string; says: Says } | undefined {
  if (DOUBTED.test(prefix)) return undefined
  const [stops] = STOPS.exec(prefix) ?? []
  const [accepts] = ACCEPTS.exec(prefix) ?? []
  if (stops !== undefined && accepts !== undefined) return undefined
  if (stops !== undefined) return { word: stops, says: 'stop' }
  return accepts === undefined ? undefined : { word: accepts, says: 'accept' }
}

/** A letter of VyOS's, or the verdict's own word. */
function read(word = ''): Says {
  const letter = word[0]?.toUpperCase()
  return letter === 'A' ? 'accept' : letter === 'D' ? 'drop' : 'reject'
}
