/** A reply from another port than was asked, as TFTP sends it, that a rule stopped: without a helper it is a connection of its own. */
import { finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { asItLeft } from '../../as-it-left.ts'
import type { Told } from '../join/joined.ts'
import { isWithoutHelper, stopped, stopperOf } from '../strays.ts'

/** `unexpected`: packets that a helper of conntrack's would have known. */
export function fromOtherPort({ journey }: Told, unexpected: readonly Told[]): Finding | undefined {
  const { packet: asked, id: first } = journey
  if (asked.protocol !== 'udp') return undefined
  const left = { ...asked, ...asItLeft(journey) }
  const servers = new Set([asked.dst, left.dst])
  const clients = new Set([asked, left].map(({ src, sport }) => `${src} ${sport}`))
  const about = unexpected.find(
    ({ journey: { id, packet } }) =>
      Number(id) > Number(first) &&
      packet.protocol === 'udp' &&
      servers.has(packet.src) &&
      clients.has(`${packet.dst} ${packet.dport}`),
  )?.journey
  if (!about) return undefined
  const { packet, findings, id } = about
  const { rules = [], fix = [] } = findings.find(isWithoutHelper) ?? {}
  const stopper = stopperOf(about)
  const { src } = asItLeft(about)
  const isAstray = about.outcome !== 'delivered' && isPassed(about.outcome) && src !== undefined && src !== asked.dst
  const end = stopper
    ? `was ${stopped(about)}`
    : isAstray
      ? `left with source ${src}, but ${asked.src} had contacted ${asked.dst}`
      : 'got no further than this host'
  return finding(
    'helper-missing',
    'error',
    `${packet.src} replied from port ${packet.sport} (#${id}), and the reply ${end}. The connection has no conntrack helper, so conntrack treats a reply from another port as a new connection.`,
    { rules: stopper ? [stopper, ...rules] : rules, fix },
  )
}
