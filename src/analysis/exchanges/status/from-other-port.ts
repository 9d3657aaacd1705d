/** A reply from another port than was asked, as TFTP sends it, that a rule stopped: without a helper it is a connection of its own. */
import { finding } from '../../../explain/context.ts'
import type { Finding } from '../../../model/journey.ts'
import { asItLeft } from '../../as-it-left.ts'
import type { Told } from '../join/joined.ts'
import { isUnexpected, isWithoutHelper, stopped, stopperOf } from '../strays.ts'

export function fromOtherPort({ journey }: Told, strays: readonly Told[]): Finding | undefined {
  const { packet: asked, id: first } = journey
  if (asked.protocol !== 'udp') return undefined
  const left = { ...asked, ...asItLeft(journey) }
  const servers = new Set([asked.dst, left.dst])
  const clients = new Set([asked, left].map(({ src, sport }) => `${src} ${sport}`))
  const about = strays.find(
    (one) =>
      isUnexpected(one) &&
      Number(one.journey.id) > Number(first) &&
      one.journey.packet.protocol === 'udp' &&
      servers.has(one.journey.packet.src) &&
      clients.has(`${one.journey.packet.dst} ${one.journey.packet.dport}`),
  )
  if (!about) return undefined
  const { packet, findings, id } = about.journey
  const { rules = [], fix = [] } = findings.find(isWithoutHelper) ?? {}
  const stopper = stopperOf(about.journey)
  const end = stopper ? `was ${stopped(about.journey)}` : `got no further than this host`
  return finding(
    'helper-missing',
    'error',
    `${packet.src} replied from port ${packet.sport} (#${id}), and the reply ${end}. The connection has no conntrack helper, so conntrack treats a reply from another port as a new connection.`,
    { rules: stopper ? [stopper, ...rules] : rules, fix },
  )
}
