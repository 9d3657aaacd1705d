/** A connection to a broker of NATS', and the stream of it that has our messages. */
import type { Consumer, JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { withTrust } from '../certificate.ts'
import { loadNats } from './clients.ts'
import { Sockets } from './sockets.ts'
import { type BrokerAddress, PASSWORD_FROM } from './url.ts'

/** Milliseconds: a broker that is there takes a connection by then, and answers what it is given. */
const TAKES = 5000
const ANSWERS = 15_000
/** Milliseconds: the client ends its own waiting by then, or never. */
const SETTLES = 2000
/** Nanoseconds: what was sent twice within it is one message. JetStream's own choice. */
const DUPLICATES = 120e9
/** Nanoseconds: a message that no loader says to be working on goes to another one. */
const WORKED_ON = 10e9
/** Milliseconds: how often a loader says that it is. */
export const STILL_WORKING = 3000

/** Whoever loads from the stream shares it. */
const CONSUMER = 'nfwhy'
/** What headers and the protocol add to a message. */
const AROUND = 1024

/** The broker is not there, or not now. */
export class Away extends Error {}

/** It takes no message of this size. */
export class TooLarge extends Error {}

export class Broker {
  readonly connection: NatsConnection
  private readonly address: BrokerAddress
  private readonly client: JetStreamClient
  private readonly manager: JetStreamManager
  /** What ends the waiting of those who ask. */
  private readonly asking = new Set<() => void>()

  private constructor(
    address: BrokerAddress,
    connection: NatsConnection,
    client: JetStreamClient,
    manager: JetStreamManager,
  ) {
    this.address = address
    this.connection = connection
    this.client = client
    this.manager = manager
    void connection.closed().then(() => {
      for (const end of this.asking) end()
    })
  }

  /** Throws Away, and UserError where the broker says no. The stream is made where it is missing. */
  static async connect(address: BrokerAddress): Promise<Broker> {
    const { transport, jetstream } = loadNats()
    const { host, port, tls, user, password } = address
    const sockets = new Sockets()
    const connecting = sockets.madeBy(() =>
      transport.connect({
        ...{ servers: `${host.includes(':') ? `[${host}]` : host}:${port}`, name: 'nfwhy', timeout: TAKES },
        // whoever asked knows what to do meanwhile
        ...{ reconnect: false, pingInterval: 10_000, maxPingOut: 2 },
        // the client names no host where it is an address, and Node would compare the certificate with "localhost"
        ...(tls ? { tls: { host } as object } : {}),
        ...(user === '' ? {} : password === '' ? { token: user } : { user, pass: password }),
      }),
    )
    let connection: NatsConnection | undefined
    try {
      connection = await settled(connecting, TAKES)
      if (!connection.info?.jetstream)
        throw new UserError(
          `${printable(address.name)}: this broker has no JetStream, which keeps messages.`,
          'It is started with it by:\n  nats-server -js -sd DIR',
        )
      const client = jetstream.jetstream(connection, { timeout: ANSWERS })
      const manager = await jetstream.jetstreamManager(connection, { timeout: ANSWERS, checkAPI: false })
      const broker = new Broker(address, connection, client, manager)
      await broker.haveStream()
      sockets.forget()
      return broker
    } catch (error) {
      if (connection) await closed(connection)
      // nobody waits for one that comes later
      else void connecting.then(closed, () => {})
      sockets.end()
      throw problem(address, error)
    }
  }

  /** What the client gives, by then (milliseconds). Throws Away, too, where the connection ends: the client may wait for ever then. */
  async within<T>(given: Promise<T>, most = ANSWERS): Promise<T> {
    let end = (): void => {}
    const ended = new Promise<never>((_, reject) => {
      end = () => reject(new Away('the connection is closed'))
    })
    this.asking.add(end)
    try {
      return await settled(Promise.race([given, ended]), most)
    } finally {
      this.asking.delete(end)
    }
  }

  /** Bytes: the largest message that the broker takes of us. */
  get most(): number {
    return (this.connection.info?.max_payload ?? 1024 * 1024) - AROUND
  }

  /** Resolves once the stream has it. Throws Away and TooLarge. */
  async publish(id: string, bytes: Uint8Array): Promise<void> {
    const { stream } = this.address
    try {
      const expect = { streamName: stream }
      await this.within(this.client.publish(subjectOf(stream), bytes, { msgID: id, timeout: ANSWERS, expect }))
    } catch (error) {
      if (codeOf(error) === TOO_LARGE) throw new TooLarge()
      throw new Away((error as Error).message)
    }
  }

  /** The one that all loaders share. Throws Away. */
  async consumer(): Promise<Consumer> {
    const { stream } = this.address
    const { consumers } = this.manager
    try {
      const known = await this.within(consumers.info(stream, CONSUMER)).catch((error) => {
        if (codeOf(error) !== NO_CONSUMER) throw error
      })
      const kept = {
        durable_name: CONSUMER,
        ack_policy: 'explicit',
        deliver_policy: 'all',
        ack_wait: WORKED_ON,
      } as const
      const filter_subject = subjectOf(stream)
      if (!known) await this.within(consumers.add(stream, { ...kept, max_ack_pending: 1000, filter_subject }))
      return await this.within(this.client.consumers.get(stream, CONSUMER))
    } catch (error) {
      throw problem(this.address, error)
    }
  }

  /**
   * A broker that was killed has messages again that were acknowledged: its consumer knows that they were, and the stream does not
   * (nats-server 2.9.10). They are removed where the stream is a queue. Throws Away.
   */
  async tidy(consumer: Consumer): Promise<void> {
    const { stream } = this.address
    try {
      const { streams } = this.manager
      const { config, state } = await this.within(streams.info(stream))
      const { ack_floor } = await this.within(consumer.info())
      if (config.retention === 'workqueue' && state.messages > 0 && ack_floor.stream_seq > 0)
        await this.within(streams.purge(stream, { seq: ack_floor.stream_seq + 1 }))
    } catch (error) {
      throw problem(this.address, error)
    }
  }

  /** What was said to the broker has arrived there. Throws Away. */
  async flush(): Promise<void> {
    await this.within(this.connection.flush()).catch((error) => {
      throw new Away((error as Error).message)
    })
  }

  async close(): Promise<void> {
    await closed(this.connection)
  }

  private async haveStream(): Promise<void> {
    const { stream: name } = this.address
    try {
      await this.within(this.manager.streams.info(name))
    } catch (error) {
      if (codeOf(error) !== NO_STREAM) throw error
      const subjects = [subjectOf(name)]
      // what is loaded is removed
      const kept = { retention: 'workqueue', storage: 'file', discard: 'new', duplicate_window: DUPLICATES } as const
      await this.within(this.manager.streams.add({ name, subjects, ...kept }))
    }
  }
}

/** Throws Away where the client has not settled it by then (milliseconds), and some time of grace. */
async function settled<T>(given: Promise<T>, most: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Away('it does not answer')), most + SETTLES)
  })
  try {
    return await Promise.race([given, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Whether it closes or not: nothing more is asked of it. */
const closed = (connection: NatsConnection): Promise<void> => settled(connection.close(), 0).catch(() => {})

const subjectOf = (stream: string): string => `${stream}.batches`

/** JetStream's numbers. */
const NO_CONSUMER = 10014
const NO_STREAM = 10059
const TOO_LARGE = 10054

const codeOf = (error: unknown): number | undefined => (error as { code?: number }).code

function problem(address: BrokerAddress, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UserError || error instanceof Away) return error
  const name = printable(address.name)
  if (error.name === 'AuthorizationError' || error.name === 'UserAuthenticationExpiredError')
    return new UserError(
      `${name}: the broker does not let ${printable(address.password === '' ? 'anybody without a password' : address.user)} in: user or password is wrong.`,
      `They are in the URL, nats://USER:PASSWORD@HOST:PORT/STREAM, or the password is in ${PASSWORD_FROM}.`,
    )
  // while it starts, it says so with the number of a server that is unavailable
  const { status } = error as { status?: number }
  if (!['JetStreamApiError', 'StreamNotFoundError', 'ConsumerNotFoundError'].includes(error.name) || status === 503)
    return new Away(withTrust(error))
  return new UserError(`${name}: ${printable(error.message)}.`)
}
