/** A connection to a broker of NATS', and the stream of it that has our messages. */
import type { Consumer, JetStreamClient, JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { loadNats } from './clients.ts'
import { type BrokerAddress, PASSWORD_FROM } from './url.ts'

/** Milliseconds: a broker that is there takes a connection by then, and answers what it is given. */
const TAKES = 5000
const ANSWERS = 15_000
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
  }

  /** Throws Away, and UserError where the broker says no. The stream is made where it is missing. */
  static async connect(address: BrokerAddress): Promise<Broker> {
    const { transport, jetstream } = loadNats()
    const { host, port, tls, user, password } = address
    let connection: NatsConnection | undefined
    try {
      connection = await transport.connect({
        ...{ servers: `${host.includes(':') ? `[${host}]` : host}:${port}`, name: 'nfwhy', timeout: TAKES },
        // whoever asked knows what to do meanwhile
        ...{ reconnect: false, pingInterval: 10_000, maxPingOut: 2 },
        ...(tls ? { tls: {} } : {}),
        ...(user === '' ? {} : password === '' ? { token: user } : { user, pass: password }),
      })
      if (!connection.info?.jetstream)
        throw new UserError(
          `${printable(address.name)}: this broker has no JetStream, which keeps messages.`,
          'It is started with it by:\n  nats-server -js -sd DIR',
        )
      const client = jetstream.jetstream(connection, { timeout: ANSWERS })
      const manager = await jetstream.jetstreamManager(connection, { timeout: ANSWERS, checkAPI: false })
      const broker = new Broker(address, connection, client, manager)
      await broker.haveStream()
      return broker
    } catch (error) {
      await connection?.close().catch(() => {})
      throw problem(address, error)
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
      await this.client.publish(subjectOf(stream), bytes, {
        msgID: id,
        timeout: ANSWERS,
        expect: { streamName: stream },
      })
    } catch (error) {
      if (codeOf(error) === TOO_LARGE) throw new TooLarge()
      throw new Away((error as Error).message)
    }
  }

  /** The one that all loaders share. Throws Away. */
  async consumer(): Promise<Consumer> {
    const { stream } = this.address
    try {
      const known = await this.manager.consumers.info(stream, CONSUMER).catch((error) => {
        if (codeOf(error) !== NO_CONSUMER) throw error
      })
      if (!known)
        await this.manager.consumers.add(stream, {
          ...{ durable_name: CONSUMER, ack_policy: 'explicit', deliver_policy: 'all', ack_wait: WORKED_ON },
          ...{ max_ack_pending: 1000, filter_subject: subjectOf(stream) },
        })
      return await this.client.consumers.get(stream, CONSUMER)
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
      const { config, state } = await this.manager.streams.info(stream)
      const { ack_floor } = await consumer.info()
      if (config.retention === 'workqueue' && state.messages > 0 && ack_floor.stream_seq > 0)
        await this.manager.streams.purge(stream, { seq: ack_floor.stream_seq + 1 })
    } catch (error) {
      throw problem(this.address, error)
    }
  }

  /** What was said to the broker has arrived there. Throws Away. */
  async flush(): Promise<void> {
    await this.connection.flush().catch((error) => {
      throw new Away((error as Error).message)
    })
  }

  async close(): Promise<void> {
    await this.connection.close().catch(() => {})
  }

  private async haveStream(): Promise<void> {
    const { stream: name } = this.address
    try {
      await this.manager.streams.info(name)
    } catch (error) {
      if (codeOf(error) !== NO_STREAM) throw error
      // what is loaded is removed
      await this.manager.streams.add({
        ...{ name, subjects: [subjectOf(name)], retention: 'workqueue', storage: 'file', discard: 'new' },
        duplicate_window: DUPLICATES,
      })
    }
  }
}

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
    return new Away(error.message)
  return new UserError(`${name}: ${printable(error.message)}.`)
}
