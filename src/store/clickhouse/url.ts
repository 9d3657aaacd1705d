/** Where a database of ClickHouse's is: `clickhouse://USER:PASSWORD@HOST:PORT/DATABASE`. */
import { printable } from '../../model/printable.ts'
import { UserError } from '../../model/user-error.ts'
import { decoded, HOW_ENCODED, withoutPassword } from '../password.ts'

export interface Address {
  /** HTTP's, without user and password. */
  endpoint: string
  user: string
  password: string
  database: string
  /** As messages name it: without user and password. */
  name: string
}

/** Of HTTP, and of HTTPS. */
const PORTS = { 'clickhouse:': 8123, 'clickhouses:': 8443 }

/** Where the URL has no password, so that no list of processes shows it. */
export const PASSWORD_FROM = 'NFWHY_CLICKHOUSE_PASSWORD'

/** Throws UserError. */
export function readAddress(text: string, environment: NodeJS.ProcessEnv = process.env): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [database, ...more] = (url?.pathname ?? '').split('/').slice(1)
  // an @ behind the host: a password with characters that have to be encoded
  if (!url || url.hostname === '' || more.length > 0 || /@/.test(url.pathname) || url.search !== '' || url.hash !== '')
    throw new UserError(
      `${printable(withoutPassword(text))}: write clickhouse://USER:PASSWORD@HOST:PORT/DATABASE; all but HOST may be left out.`,
      HOW_ENCODED,
    )
  const protocol = url.protocol as keyof typeof PORTS
  const host = `${url.hostname}:${url.port || PORTS[protocol]}`
  const named = decoded(database ?? '') || 'default'
  return {
    endpoint: `${protocol === 'clickhouses:' ? 'https' : 'http'}://${host}`,
    user: decoded(url.username) || 'default',
    password: decoded(url.password) || environment[PASSWORD_FROM] || '',
    database: named,
    name: `${protocol}//${host}/${named}`,
  }
}
