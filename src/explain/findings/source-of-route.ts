/** A reply comes in by the interface whose address the route gave the request as its source (`src`), which leaves by another one. */
import type { Host, Route } from '../../model/host.ts'
import type { Packet } from '../../model/packet.ts'
import { hasAddress } from '../../rules/fib.ts'
import type { Proposal } from '../changes/proposal.ts'
import { giveSource, routeWords } from '../host/routes.ts'
import { addressesOf } from './own-source.ts'

export interface SourceOfRoute {
  /** A sentence, with the blank before it. */
  words: string
  fix: Proposal[]
}

/** `back`: the route to whoever replies, by which the requests leave. */
export function sourceOfRoute(
  { in: came, dst }: Packet,
  back: Route | null,
  out: string,
  host: Host,
): SourceOfRoute | undefined {
  if (back === null || back.source === undefined || back.source !== dst || came === undefined) return undefined
  if (!hasAddress(host, came, dst) || hasAddress(host, out, dst)) return undefined
  const [own] = addressesOf(out, host, 'ip')
  return {
    words: ` ${routeWords(back).replace(/^t/, 'T')} gives requests the source ${dst}, an address of ${came}, although they leave by ${out}: so replies come in on ${came}.`,
    fix: own ? giveSource(back, own.address, 'it affects only new connections: this reply would still be dropped') : [],
  }
}
