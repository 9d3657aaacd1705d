/** Where a broker is, and which of its streams is meant: `nats://USER:PASSWORD@HOST:PORT/STREAM`. */
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { decoded, HOW_ENCODED, withoutPassword } from '../password.ts'

export interface BrokerAddress {
  host: string
  port: number
  /** By TLS, or not at all. */
  tls: boolean
  /** Empty: none. Without a password it is a token. */
  user: string
  password: string
  stream: string
  /** As messages name it: without user and password. */
  name: string
  /** What waits for the broker: a folder, undefined: where nfwhy keeps its state; and how many bytes at most. */
  spool: { folder: string | undefined; most: number }
}

/** Where the URL has no password, so that no list of processes shows it. */
export const PASSWORD_FROM = 'NFWHY_NATS_PASSWORD'

const PORT = 4222
const MB = 1024 * 1024
const SPOOL_MB = 256

/** Throws UserError. */
export function readBroker(text: string, environment: NodeJS.ProcessEnv = process.env): BrokerAddress {
  // WHATWG's parser takes hosts apart only for schemes that it knows
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [stream, ...more] = (url?.pathname ?? '').split('/').slice(1)
  const named = stream || 'nfwhy'
  const { spool, 'spool-mb': megabytes = String(SPOOL_MB), ...others } = Object.fromEntries(url?.searchParams ?? [])
  if (
    !url ||
    url.hostname === '' ||
    more.length > 0 ||
    !/^[\w-]+$/.test(named) ||
    spool === '' ||
    !/^\d{1,7}(?:\.\d+)?$/.test(megabytes) ||
    Number(megabytes) === 0 ||
    Object.keys(others).length > 0 ||
    url.hash !== ''
  )
    throw new UserError(
      `${printable(withoutPassword(text))}: write nats://USER:PASSWORD@HOST:PORT/STREAM?spool=DIR&spool-mb=N; all but HOST may be left out.`,
      `${HOW_ENCODED} The name of a stream has only letters, digits, - and _.`,
    )
  const port = Number(url.port || PORT)
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    tls: url.protocol === 'tls:',
    user: decoded(url.username),
    password: decoded(url.password) || environment[PASSWORD_FROM] || '',
    stream: named,
    name: `${url.protocol}//${url.hostname}:${port}/${named}`,
    spool: { folder: spool, most: Math.floor(Number(megabytes) * MB) },
  }
}
