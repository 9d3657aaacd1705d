/** How long connection tracking had waited for a reply when its entries were listed. */
import type { ConntrackEntry, Host } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import { wordTable } from '../../model/word-table.ts'
import type { World } from '../../model/world.ts'
import { isUnreplied } from './entries.ts'

/** Whoever answers, or goes on with an answer, has done so by then; seconds. The listing rounds down, so that at least one second has passed. */
export const PATIENCE = 2

/**
 * Seconds between the last packet of who asked and the listing, at least; undefined where a reply was seen, or where that
 * cannot be told.
 */
export const silentFor = (entry: ConntrackEntry, world: World): number | undefined =>
  isUnreplied(entry) ? waitedFor(entry, world) : undefined

/** The same of a SYN ACK: seconds for which nobody had gone on with it. */
export const halfOpenFor = (entry: ConntrackEntry, world: World): number | undefined =>
  entry.state === 'SYN_RECV' ? waitedFor(entry, world) : undefined

/** Whoever got the SYN ACK would have gone on with it. */
export const isLongHalfOpen = (entry: ConntrackEntry, world: World): boolean =>
  (halfOpenFor(entry, world) ?? 0) >= PATIENCE

/** TCP's keepalive goes out at the latest by then, from those that send one (net.ipv4.tcp_keepalive_time); seconds. */
const KEEPALIVE = 7200

/** Nobody has sent anything in the connection for so long that its other end may be gone. Of one that has ended the entry is gone soon. */
export function isLongIdle({ protocol, state, timeout, status }: ConntrackEntry, { sysctls }: Host): boolean {
  if (protocol !== 'tcp' || state !== 'ESTABLISHED' || timeout === undefined || status.includes('offload')) return false
  const full = Number(sysctls?.get('net.netfilter.nf_conntrack_tcp_timeout_established'))
  return full - timeout > KEEPALIVE
}

/**
 * Each packet of a connection that waits winds its timer up to what `nf_conntrack_…_timeout` says (the kernel's
 * nf_conntrack_proto_tcp.c, _udp.c, _icmp.c), and the listing shows what is left of it.
 */
function waitedFor(entry: ConntrackEntry, { host, tables }: World): number | undefined {
  if (entry.timeout === undefined || hasPolicies(tables)) return undefined
  const full = fullTimeout(entry, host)
  return full !== undefined && full >= entry.timeout ? full - entry.timeout : undefined
}

function fullTimeout({ protocol, state = '' }: ConntrackEntry, { sysctls }: Host): number | undefined {
  const name = protocol === 'tcp' ? OF_HANDSHAKE[state] : `${protocol}_timeout`
  const value = name && sysctls?.get(`net.netfilter.nf_conntrack_${name}`)
  return value === undefined ? undefined : Number(value)
}

const OF_HANDSHAKE: Readonly<Record<string, string>> = wordTable({
  SYN_SENT: 'tcp_timeout_syn_sent',
  SYN_RECV: 'tcp_timeout_syn_recv',
})

/** A rule may give connections timeouts of their own (`ct timeout set`, `-j CT --timeout`). */
const hasPolicies = memo((tables: World['tables']): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ text }) => /\bct timeout set |-j CT .*--timeout /.test(text)),
    ),
  ),
)
