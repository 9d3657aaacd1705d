/** How long connection tracking had waited for a reply when its entries were listed. */
import type { ConntrackEntry, Host } from '../../model/host.ts'
import { memo } from '../../model/memo.ts'
import type { World } from '../../model/world.ts'
import { isUnreplied } from './entries.ts'

/**
 * Seconds between the last packet of who asked and the listing, at least; undefined where a reply was seen, or where that
 * cannot be told. Each packet of a connection without a reply winds its timer up to what `nf_conntrack_…_timeout` says
 * (the kernel's nf_conntrack_proto_tcp.c, _udp.c, _icmp.c), and the listing shows what is left of it.
 */
export function silentFor(entry: ConntrackEntry, { host, tables }: World): number | undefined {
  if (entry.timeout === undefined || !isUnreplied(entry) || hasPolicies(tables)) return undefined
  const full = fullTimeout(entry, host)
  return full !== undefined && full >= entry.timeout ? full - entry.timeout : undefined
}

/** The same of a SYN ACK: seconds for which nobody had gone on with it. */
export function halfOpenFor({ protocol, state, timeout }: ConntrackEntry, { host, tables }: World): number | undefined {
  if (protocol !== 'tcp' || state !== 'SYN_RECV' || timeout === undefined || hasPolicies(tables)) return undefined
  const full = host.sysctls?.get('net.netfilter.nf_conntrack_tcp_timeout_syn_recv')
  return full === undefined || Number(full) < timeout ? undefined : Number(full) - timeout
}

function fullTimeout({ protocol, state }: ConntrackEntry, { sysctls }: Host): number | undefined {
  const name = protocol === 'tcp' ? (state === 'SYN_SENT' ? 'tcp_timeout_syn_sent' : undefined) : `${protocol}_timeout`
  const value = name && sysctls?.get(`net.netfilter.nf_conntrack_${name}`)
  return value === undefined ? undefined : Number(value)
}

/** A rule may give connections timeouts of their own (`ct timeout set`, `-j CT --timeout`). */
const hasPolicies = memo((tables: World['tables']): boolean =>
  tables.some(({ chains }) =>
    [...chains.values()].some(({ rules }) =>
      rules.some(({ text }) => /\bct timeout set |-j CT .*--timeout /.test(text)),
    ),
  ),
)
