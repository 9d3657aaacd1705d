/** What `conntrack -D` does to the entries (conntrack-tools 1.4.7, src/conntrack.c delete_cb). */
import { inPrefix, parseAddress } from '../../model/address.ts'
import type { ConntrackEdit, TupleFilter } from '../../model/edit.ts'
import type { ConntrackEntry, Tuple } from '../../model/host.ts'
import type { Draft } from '../draft.ts'
import { EditProblem } from '../problem.ts'

/** Throws EditProblem, also where there is no entry to delete: then the tool fails. */
export function editConntrack(edit: ConntrackEdit, draft: Draft): void {
  const { conntrack } = draft.world.host
  if (edit.op === 'flush') {
    draft.host().conntrack = []
    return
  }
  if (!conntrack) throw new EditProblem('the connections are not known: `conntrack -L` was not given')
  const kept = conntrack.filter((entry) => !isMeant(entry, edit))
  if (kept.length === conntrack.length) throw new EditProblem('there is no such connection')
  draft.host().conntrack = kept
}

function isMeant(entry: ConntrackEntry, edit: ConntrackEdit): boolean {
  const { family, protocol, original, reply, mark, markMask = 0xffffffff, zone, state } = edit
  return (
    (family === undefined || entry.family === family) &&
    (protocol === undefined || entry.protocol === protocol) &&
    (mark === undefined || ((entry.mark ?? 0) & markMask) >>> 0 === mark) &&
    (zone === undefined || (entry.zone ?? 0) === zone) &&
    (state === undefined || entry.state === state) &&
    fits(entry.original, original) &&
    fits(entry.reply, reply) &&
    (edit.srcNat === undefined || isRewritten(entry, 'src', edit.srcNat)) &&
    (edit.dstNat === undefined || isRewritten(entry, 'dst', edit.dstNat))
  )
}

function fits(tuple: Tuple, { src, dst, ...rest }: TupleFilter = {}): boolean {
  return (
    isIn(tuple.src, src) &&
    isIn(tuple.dst, dst) &&
    Object.entries(rest).every(([key, value]) => tuple[key as keyof Tuple] === value)
  )
}

function isIn(address: string, prefix: string | undefined): boolean {
  const [network = '', length] = prefix?.split('/') ?? []
  return prefix === undefined || inPrefix(parseAddress(address)!, parseAddress(network)!, Number(length))
}

/** An answer that goes elsewhere than the question came from, or comes from elsewhere than it went to. */
function isRewritten({ original, reply }: ConntrackEntry, side: 'src' | 'dst', wanted: string | true): boolean {
  const [from, to] = side === 'src' ? [original.src, reply.dst] : [original.dst, reply.src]
  const [oldPort, newPort] = side === 'src' ? [original.sport, reply.dport] : [original.dport, reply.sport]
  if (wanted === true) return from !== to || oldPort !== newPort
  const [, address = wanted, port] = /^(\d[\d.]*|\[.*\]):(\d+)$/.exec(wanted) ?? []
  if (port !== undefined && (oldPort === newPort || newPort !== Number(port))) return false
  return from !== to && to === address.replace(/^\[|\]$/g, '')
}
