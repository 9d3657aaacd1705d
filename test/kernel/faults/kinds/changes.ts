/** Commands that change the host, with those that undo them. */
import type { Side } from '../../lab/topology.ts'
import type { Scene } from '../fault.ts'
import type { Change } from '../stage.ts'

export const set = (key: string, value: string, old: string): Change => ({
  do: ['sysctl', '-qw', `${key}=${value}`],
  undo: ['sysctl', '-qw', `${key}=${old}`],
})

export const ip = (add: string, del: string): Change => ({
  do: ['ip', ...add.split(' ')],
  undo: ['ip', ...del.split(' ')],
})

/** `route add …` or `rule add …`. */
export const added = (words: string): Change => ip(words, words.replace(' add ', ' del '))

export const isIpv6 = ({ probe }: Scene): boolean => probe.packet.src!.includes(':')

export const otherSide = (side: Side): Side => (side === 'left' ? 'right' : 'left')

/** A neighbour on that side, of the family of the question. */
export const gatewayOn = (side: Side, scene: Scene): string => {
  const host = scene.topology.hosts.find((one) => one.side === side)!
  return isIpv6(scene) ? host.ip6 : host.ip
}

/** Of where the question arrived. */
export function placeOf(arrived: string): { address?: string; port?: string; side: Side } {
  const [, six, four, port] = />(?: \[(.+)\]| ([\d.]+))(?::(\d+))?$/.exec(arrived) ?? []
  const address = six ?? four
  const side = arrived.startsWith('left') ? 'left' : 'right'
  return { side, ...(address === undefined ? {} : { address }), ...(port === undefined ? {} : { port }) }
}
