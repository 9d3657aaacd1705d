/** The client gives up on a server that takes a connection and says nothing, but keeps the socket open: nfwhy would never end. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'

/** Where Node tells of each socket that it makes to connect somewhere. */
const CHANNEL = 'net.client.socket'

/** Those that a piece of work has made. */
export class Sockets {
  private readonly work = new AsyncLocalStorage<true>()
  private readonly made = new Set<Socket>()

  madeBy<T>(work: () => T): T {
    subscribe(CHANNEL, this.note)
    return this.work.run(true, work)
  }

  /** No more are noted. */
  forget(): void {
    unsubscribe(CHANNEL, this.note)
    this.made.clear()
  }

  /** All of them are closed. */
  end(): void {
    for (const socket of this.made) socket.destroy()
    this.forget()
  }

  private readonly note = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    if (this.work.getStore()) this.made.add(socket)
  }
}
