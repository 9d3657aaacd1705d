/** NATS' own clients, which are loaded only where a broker is used. */
import { loadPeer } from '../peer.ts'

interface Clients {
  transport: typeof import('@nats-io/transport-node')
  jetstream: typeof import('@nats-io/jetstream')
}

const PACKAGES = ['@nats-io/transport-node', '@nats-io/jetstream'] as const

/** Throws UserError where one of them is not installed. */
export function loadNats(): Clients {
  const [transport, jetstream] = PACKAGES.map((name) => loadPeer(name, "NATS' client", 'A broker', PACKAGES.join(' ')))
  return { transport, jetstream } as Clients
}
