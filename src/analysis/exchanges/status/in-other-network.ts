/** Two networks that use the same addresses. */
import { finding } from '../../../explain/context.ts'
import { homeOf } from '../../../explain/host/routes.ts'
import type { Finding } from '../../../model/journey.ts'
import type { Packet } from '../../../model/packet.ts'
import { silentState } from '../../../model/silent-neighbour.ts'
import { routedDevice } from '../../../rules/bridge-calls.ts'
import { neighboursAt } from '../../../rules/neighbours.ts'
import type { Part } from '../join/joined.ts'

/**
 * Who asked has an address of another interface's own network than the one by which the request came, and its reply leaves
 * by that. Undefined where a host there is known to have the address.
 */
export function inOtherNetwork(parts: readonly Part[], { src }: Packet): Finding | undefined {
  const request = parts.find(({ role }) => role === 'request')
  if (!request || src === undefined || parts.some(({ role }) => role === 'replies')) return undefined
  const { journey, reply, world } = request.told
  // behind nat's POSTROUTING its source is one that nat may have given it
  if (journey.steps[0]?.hook === 'postrouting') return undefined
  const { host } = world
  const [came, left] = [routedDevice(host, journey.packet.in), routedDevice(host, reply?.out)]
  if (came === undefined || left === undefined || came === left || left === 'lo') return undefined
  const home = homeOf(src, host, left)
  if (home?.link.name !== left || homeOf(src, host, came)?.link.name === came) return undefined
  const [known] = neighboursAt(host, left, src)
  if (known && silentState(known) === undefined) return undefined
  return finding(
    'reply-by-other-uplink',
    'warning',
    `The request from ${src} came in on ${came}, but its simulated reply leaves by ${left}: ${src} is also in the network of ${left} (${home.network}). Two networks may use the same addresses.`,
    {
      fix: [
        {
          description: `if ${src} is not reached through ${left}, renumber the network of ${left} (${home.network}): choose addresses that no client has`,
          unverified: 'the model does not assign addresses',
        },
      ],
    },
  )
}
