/** Where an ICMP redirect may have led what this host sends: no listing of routes shows those. */

import { addressWord } from '../../../edits/words.ts'
import { forwardingOf } from '../../../explain/findings/routing.ts'
import { command } from '../../../model/command.ts'
import type { Host } from '../../../model/host.ts'
import type { Finding } from '../../../model/journey.ts'
import { ONLY_LOOKS } from '../../../model/only-looks.ts'
import type { Packet } from '../../../model/packet.ts'
import { silentState } from '../../../model/silent-neighbour.ts'
import { sysctlName } from '../../../rules/interface-settings.ts'
import { neighboursAt } from '../../../rules/neighbours.ts'
import { lookupRoute, questionOf } from '../../../rules/route.ts'
import { wayOut } from '../../../rules/way-out.ts'

export interface Redirected {
  /** Sentences, with the blank before them. */
  words: string
  fix: Finding['fix']
}

/** With more candidates none is named. */
const MOST = 3

/**
 * The next hop that its route names replies to ARP, and another neighbour of that link does not; a redirect that this host
 * accepts has its packets sent there until it is forgotten (__ip_do_redirect in net/ipv4/route.c).
 */
export function redirected(packet: Packet, out: string, host: Host): Redirected | undefined {
  const { dst } = packet
  const question = questionOf(packet)
  const route = question && lookupRoute(question, host)
  const gateway = route?.type === 'unicast' ? wayOut(route, out)?.gateway : undefined
  if (dst === undefined || dst.includes(':') || gateway === undefined || !acceptsRedirects(host, out)) return undefined
  if (!neighboursAt(host, out, gateway).some(({ state }) => state.some((one) => REPLIED.test(one)))) return undefined
  const silent = (host.neighbours ?? []).filter(
    (one) => one.family === 'ip' && one.device === out && one.address !== dst && silentState(one) !== undefined,
  )
  if (silent.length === 0 || silent.length > MOST) return undefined
  const names = silent.map(({ address }) => address).join(', ')
  const [does, which] = silent.length > 1 ? ['do', 'one of them'] : ['does', names]
  const look = command('ip', 'route', 'get', addressWord(dst))
  return {
    words: ` By the routing table its next hop is ${gateway}, which has replied to ARP; ${names} on ${out} ${does} not reply. This host accepts ICMP redirects: a router may have told it to send packets for ${dst} to ${which}.`,
    fix: [
      { description: 'see whether the route in use has the word "redirected"', look, unverified: ONLY_LOOKS },
      {
        description: 'if it has, make the kernel forget the redirect: ip route flush cache',
        unverified: 'the model does not know redirects',
      },
    ],
  }
}

const REPLIED = /^(REACHABLE|DELAY)$/

/** IN_DEV_RX_REDIRECTS; false where settings are not listed. */
function acceptsRedirects(host: Host, device: string): boolean {
  const on = (name: string) => host.sysctls?.get(`net.ipv4.conf.${name}.accept_redirects`) === '1'
  const [all, own] = [on('all'), on(sysctlName(device))]
  return forwardingOf(host, 'ip', device) === '1' ? all && own : all || own
}
