/** Interfaces, as `ip -d -o link` prints them (iproute2, ip/ipaddress.c); BusyBox' ip tells less. */
import type { Facts } from '../survey/facts.ts'

export interface DoctorLink {
  /** What it printed, without what is of no interest here. */
  line: string
  name: string
  up: boolean
  /** The bridge that it is a port of. */
  bridge?: string
  /** In words, where a packet through it leaves this namespace or becomes another packet's payload. */
  crosses?: string
  xdp: boolean
}

const TUNNEL = /\s(vxlan|geneve|gre|gretap|erspan|ip6gre|ip6gretap|ipip|ip6tnl|sit|vti6?|wireguard|xfrm|amt|gtp)\s/

export const linksOf = ({ texts }: Facts): DoctorLink[] => (texts.get('link') ?? []).flatMap(readLink)

function readLink(text: string): DoctorLink[] {
  const [head = '', name, flags] = /^\d+: ([^:@\s]+)(?:@\S+)?: <([^>]*)>[^\\]*/.exec(text) ?? []
  if (name === undefined) return []
  const master = / master (\S+)/.exec(text)?.[1]
  const crosses = crossing(text)
  return [
    {
      line: head.trim(),
      name,
      // an interface without a cable is up, but for NO-CARRIER
      up: flags!.split(',').includes('UP') && !flags!.includes('NO-CARRIER'),
      ...(master !== undefined && / bridge_slave /.test(text) ? { bridge: master } : {}),
      ...(crosses === undefined ? {} : { crosses }),
      xdp: /\sxdp(?:generic|offload|drv|multi)?(?:\/id:\d+)?\s/.test(text),
    },
  ]
}

function crossing(text: string): string | undefined {
  const tunnel = TUNNEL.exec(text)?.[1]
  if (tunnel !== undefined) return `a tunnel (${tunnel})`
  return /\slink-netns(?:id)? /.test(text) ? 'linked to an interface in another namespace' : undefined
}
