/**
 * A current ClickHouse behind as much of its HTTP as its official client uses: the engine of the package chdb, which is not
 * among nfwhy's own (546 MB). What reads and writes SQL is ClickHouse; users and status codes are made here as the server does
 * (src/Server/HTTPHandler.cpp).
 *
 *     npm install --no-save chdb && NFWHY_CLICKHOUSE=current npx vitest run --project command test/cli/clickhouse.test.ts
 *
 * Arguments: a folder for its data, a port, and the password of `writer`.
 */
import { createServer } from 'node:http'
import chdb from 'chdb'

const [folder, port, writersPassword] = process.argv.slice(2)
/** Whose `readonly` the profile sets, as test/store/servers.ts has them for the server of Debian. */
const USERS = {
  default: { password: '' },
  writer: { password: writersPassword },
  reader: { password: '', readsOnly: true },
}
/** Of the URL, what is no setting. */
const NO_SETTING = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'session_id',
  'wait_end_of_query',
  'user',
  'password',
])

class Refused extends Error {
  constructor(code, message) {
    super(`Code: ${code}. DB::Exception: ${message}`)
  }
}

// it holds the folder, as a connection that is the last closes it
const first = new chdb.Session(folder)
const [version] = first.query('SELECT version()', 'TabSeparated').trim().split('\n')

function userOf({ headers }, parameters) {
  const [kind, value = ''] = (headers.authorization ?? '').split(' ')
  const basic = Buffer.from(value, 'base64').toString()
  const at = basic.indexOf(':')
  const [name, password] =
    kind === 'Basic'
      ? [basic.slice(0, at), basic.slice(at + 1)]
      : [
          headers['x-clickhouse-user'] ?? parameters.get('user') ?? 'default',
          headers['x-clickhouse-key'] ?? parameters.get('password') ?? '',
        ]
  const user = Object.hasOwn(USERS, name) ? USERS[name] : undefined
  if (user?.password !== password)
    throw new Refused(
      516,
      `${name}: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)`,
    )
  return user
}

const literal = (value) => `'${value.replace(/[\\']/g, '\\$&')}'`

function answer(request, parameters, body) {
  const user = userOf(request, parameters)
  const settings = [...parameters].filter(([name]) => !NO_SETTING.has(name))
  // the last: behind it no other may be set
  settings.sort(([one], [other]) => Number(one === 'readonly') - Number(other === 'readonly'))
  const inUrl = parameters.get('query')
  const sql = inUrl === null ? body : Buffer.concat([Buffer.from(`${inUrl}\n`), body])
  const session = new chdb.Session(folder)
  try {
    session.query(`USE \`${parameters.get('database') ?? 'default'}\``)
    if (user.readsOnly) session.query('SET readonly = 1')
    for (const [name, value] of settings) session.query(`SET ${name} = ${literal(value)}`)
    // the engine takes several statements, as a program on its own does, and the server one
    if (/^\s*(?:select|with)\b/i.test(sql)) session.query(`SELECT formatQuery(${literal(sql.toString())})`)
    return session.query(sql.toString(), parameters.get('default_format') ?? 'TabSeparated')
  } finally {
    session.close()
  }
}

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  if (pathname === '/ping') {
    response.end('Ok.\n')
    return
  }
  const parts = []
  for await (const part of request) parts.push(part)
  try {
    response.end(answer(request, searchParams, Buffer.concat(parts)))
  } catch ({ message }) {
    const text = message.replace(/^Query failed: /, '')
    const [, code = '1000'] = /^Code: (\d+)/.exec(text) ?? []
    response.writeHead(code === '516' ? 403 : code === '81' ? 404 : 500, { 'X-ClickHouse-Exception-Code': code })
    response.end(`${text} (version ${version} (official build))\n`)
  }
}).listen(Number(port), '127.0.0.1')
