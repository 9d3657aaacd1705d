/** A lab as a few lines of text: which machine hangs on which, by what addresses. */
import type { Incident, Link, Listener } from './incident.ts'

export interface Drawn {
  /** A line for each wire. */
  wires: string[]
  /** What is on a machine: bridges, other addresses, who listens. */
  machines: string[]
}

/** `wire`: what a wire looks like. */
export function draw({ hosts, links, traced }: Incident, wire = '─────'): Drawn {
  const rows = links.map((link) => inOrder(link, Object.keys(hosts)).map((end) => endOf(end, hosts)))
  const width = (side: 0 | 1, column: keyof End) => Math.max(...rows.map((row) => row[side]![column].length))
  const wires = rows.map((row) => {
    const [a, b] = row as [End, End]
    const left = [a.host.padEnd(width(0, 'host')), a.name.padEnd(width(0, 'name')), a.text.padStart(width(0, 'text'))]
    const right = [b.text.padEnd(width(1, 'text')), b.name.padEnd(width(1, 'name')), b.host]
    return [left.join('  '), wire, right.join('  ')].join(' ').trimEnd()
  })
  const wired = new Set<string>(links.flat())
  const machines = Object.entries(hosts).flatMap(([host, { addresses = {}, bridges = {}, listeners = [] }]) => {
    const told = [
      ...Object.entries(bridges)
        .filter(([, members]) => members.length > 0)
        .map(
          ([bridge, members]) => `bridges ${members.join(', ')} as ${[bridge, ...(addresses[bridge] ?? [])].join(' ')}`,
        ),
      ...Object.entries(addresses)
        .filter(([name]) => !wired.has(`${host}:${name}`) && !(bridges[name]?.length ?? 0))
        .map(([name, list]) => `has ${name} ${list.join(', ')}`),
      ...(listeners.length === 0 ? [] : [`listens on ${listeners.map(listenerWords).join(', ')}`]),
      ...(host === traced ? ['has the rules, and is traced'] : []),
    ]
    return told.length === 0 ? [] : [`${host} ${told.join('; ')}`]
  })
  return { wires, machines }
}

interface End {
  host: string
  name: string
  text: string
}

function endOf(end: string, hosts: Incident['hosts']): End {
  const [host, name] = end.split(':') as [string, string]
  return { host, name, text: (hosts[host]!.addresses?.[name] ?? []).join(', ') }
}

/** Whoever comes first among the machines is drawn on the left. */
const inOrder = ([a, b]: Link, names: readonly string[]): Link =>
  names.indexOf(a.split(':')[0]!) <= names.indexOf(b.split(':')[0]!) ? [a, b] : [b, a]

const listenerWords = ({ protocol, address, port }: Listener): string =>
  address === undefined
    ? `${protocol} ${port}`
    : `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}`
