/** A captured reply that came in by another interface than its request left by, and that was not seen any further. */
import { deviceSysctl } from '../../../edits/words.ts'
import { finding } from '../../../explain/context.ts'
import { command } from '../../../model/command.ts'
import type { ExchangeStatus } from '../../../model/exchange.ts'
import type { Host } from '../../../model/host.ts'
import type { Finding } from '../../../model/journey.ts'
import { ONLY_LOOKS } from '../../../model/only-looks.ts'
import { isPassed } from '../../../model/outcome-kinds.ts'
import { deviceWords } from '../../../model/packet.ts'
import { leftBy } from '../../../model/way-out.ts'
import { routedDevice } from '../../../rules/bridge-calls.ts'
import { asItLeft } from '../../as-it-left.ts'
import { isAsking, type Part } from '../join/joined.ts'

/** As from a container of two networks, which replies by its default route. */
export function cameElsewhere(parts: readonly Part[], status: ExchangeStatus): Finding[] {
  if (status !== 'undetermined' && status !== 'reply-lost') return []
  const request = parts.find((one) => isAsking(one) && isPassed(one.told.journey.outcome))
  const replies = parts.filter((one) => one.role === 'replies' && one.capture === request?.capture)
  const reply = replies.at(-1)
  if (!request || reply?.told.journey.outcome !== 'undetermined') return []
  const { journey, world } = request.told
  const { host } = world
  const left = routedDevice(host, leftBy(journey.steps) ?? journey.packet.out)
  const ways = replies.map(({ told }) => routedDevice(host, told.journey.packet.in))
  const came = ways.at(-1)
  if (left === undefined || left === 'lo' || came === undefined || ways.includes(left)) return []
  const { dst } = asItLeft(journey)
  // IPv6 has no such filter
  const filter = journey.family === 'ip' ? filterOf(host, left, came) : undefined
  return [
    finding(
      'reply-by-other-uplink',
      'note',
      `The request left by ${deviceWords(left)}, but its reply came in on ${deviceWords(came)}.${filter?.words ?? ''}`,
      {
        // where nothing drops it for that, such a way is no mistake
        fix: filter
          ? [
              ...filter.look,
              {
                description: `give ${dst ?? 'the host that replies'} a route by which its replies come in on ${deviceWords(left)}`,
                unverified: 'the routes of that host are unknown here',
              },
            ]
          : [],
      },
    ),
  ]
}

/** What the reverse path filter may do there; undefined: it lets the reply in (net/ipv4/fib_frontend.c: a strict one wants the route back to lead out of that interface). */
function filterOf({ sysctls }: Host, left: string, came: string): { words: string; look: Finding['fix'] } | undefined {
  const names = ['all', came]
    .map((name) => deviceSysctl('ipv4', name, 'rp_filter'))
    .filter((one) => typeof one === 'string')
  const values = names.flatMap((name) => sysctls?.get(name) ?? [])
  const isKnown = values.length === 2
  // the kernel takes the larger one
  if (isKnown && Math.max(...values.map(Number)) !== 1) return undefined
  const dropped = `the kernel drops the reply if the route back to its source leaves by ${deviceWords(left)}`
  if (isKnown)
    return { words: ` The reverse path filter of ${deviceWords(came)} is strict (rp_filter=1): ${dropped}.`, look: [] }
  return {
    words: ` If the reverse path filter of ${deviceWords(came)} is strict (rp_filter=1), ${dropped}.`,
    look:
      names.length < 2
        ? []
        : [
            {
              description: `look whether the reverse path filter of ${came} is strict`,
              look: command('sysctl', ...names),
              unverified: ONLY_LOOKS,
            },
          ],
  }
}
