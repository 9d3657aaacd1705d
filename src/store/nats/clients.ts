/** NATS' own clients, which are loaded only where a broker is used. */
import { loadPeer } from '../peer.ts'

interface Clients {
  transport: typeof import('@nats-io/transport-node')
  jetstream: typeof import('@nats-io/jetstream')
}

/** Throws UserError where one of them is not installed. */
export const loadNats = (): Clients => ({
  transport: loadPeer('@nats-io/transport-node', "NATS' client", 'nats://'),
  jetstream: loadPeer('@nats-io/jetstream', "NATS' client for JetStream", 'nats://'),
})
