/** What a server says when it does not take an insert: some of it passes, and some does not. */
import { createServer, type Server } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { UserError } from '../../src/model/user-error.ts'
import { Connection } from '../../src/store/clickhouse/connection.ts'
import { readAddress } from '../../src/store/clickhouse/url.ts'
import { LATEST } from '../latest.ts'

interface Said {
  connection: Connection
  bodies: string[]
  server: Server
}

/** Says each of these once, the last one again and again; empty: all is well; `hang up`: nothing. */
const said = (...answers: string[]): Promise<Said> => saidTo(LATEST, answers)

/** `patience`: milliseconds in which whoever inserts asks again. */
async function saidTo(patience: number, answers: readonly string[]): Promise<Said> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const answer = answers[Math.min(bodies.length, answers.length - 1)]!
    bodies.push(body)
    if (answer === 'hang up') request.socket.destroy()
    else response.writeHead(answer === '' ? 200 : 500).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const connection = new Connection(readAddress(`clickhouse://me:topsecret@127.0.0.1:${port}/d`, {}), patience)
  onTestFinished(async () => {
    await connection.close()
    server.closeAllConnections()
    server.close()
  })
  return { connection, bodies, server }
}

const OLD = (code: number, words: string) =>
  `Code: ${code}, e.displayText() = DB::Exception: ${words}, e.what() = DB::Exception\n`
const NEW = (code: number, words: string, name: string) =>
  `Code: ${code}. DB::Exception: ${words} (${name}) (version 24.8.1.1 (official build))\n`

test.each([
  ['an old server has too much to do', OLD(252, 'Too many parts (300). Merges are processing significantly slower')],
  ['a new server has too little memory', NEW(241, 'Memory limit (total) exceeded.', 'MEMORY_LIMIT_EXCEEDED')],
  ['the connection is lost', 'hang up'],
  ['a proxy has no server', 'Bad Gateway'],
])('inserts the same again where %s', async (_, answer) => {
  const { connection, bodies } = await said(answer, answer, '')
  await connection.insert('t', '{"a":1}\n')
  expect(bodies).toEqual(['{"a":1}\n', '{"a":1}\n', '{"a":1}\n'])
})

test.each([
  [OLD(60, "Table d.t doesn't exist."), "Table d.t doesn't exist."],
  [NEW(60, 'Table d.t does not exist.', 'UNKNOWN_TABLE'), 'Table d.t does not exist.'],
  [OLD(193, 'Wrong password for user me'), 'clickhouse://127.0.0.1'],
  [NEW(516, 'me: Authentication failed: password is incorrect.', 'AUTHENTICATION_FAILED'), 'does not let me in'],
  [OLD(81, "Database d doesn't exist"), 'there is no such database'],
])('fails at once where it does not pass: %s', async (answer, words) => {
  const { connection, bodies } = await said(answer)
  const problem: UserError = await connection.insert('t', '{}\n').then(
    () => expect.fail(),
    (error) => error,
  )
  expect(problem).toBeInstanceOf(UserError)
  expect(problem.message).toContain(words)
  expect(`${problem.message}${problem.hint}`).not.toMatch(/topsecret|Code:|DB::|e\.what/)
  expect(bodies).toHaveLength(1)
})

test('gives up when it does not pass for long', async () => {
  const { connection } = await saidTo(500, ['hang up'])
  await expect(connection.insert('t', '{}\n')).rejects.toThrow(UserError)
})

test.each([
  ['a page of another server', '<!DOCTYPE html>\n<title>404</title>', '<!DOCTYPE html>'],
  ["ClickHouse's other port", 'Port 9000 is for clickhouse-client program.\r\n', 'Port 9000 is for clickhouse-client'],
])('says that it is no ClickHouse that answers: %s', async (_, answer, words) => {
  const { connection, bodies } = await said(answer)
  for (const asked of [connection.run('SELECT 1'), connection.insert('t', '{}\n')])
    await expect(asked).rejects.toMatchObject({
      message: expect.stringContaining(`what answers there is not ClickHouse: ${words}`),
      hint: expect.stringContaining('http_port'),
    })
  expect(bodies).toHaveLength(2)
})

test('says that it is no ClickHouse that takes every query and answers with a page', async () => {
  const server = createServer((_, response) => response.end('<html>Welcome</html>'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const connection = new Connection(readAddress(`clickhouse://127.0.0.1:${port}/d`, {}), 500)
  onTestFinished(async () => {
    await connection.close()
    server.closeAllConnections()
    server.close()
  })
  await expect(connection.rows('SELECT 1')).rejects.toThrow('what answers there is not ClickHouse')
})

test('says of a query nothing about what its user may write', async () => {
  const { connection } = await said(OLD(164, 'Table functions are forbidden in readonly mode'))
  await expect(connection.lines("SELECT * FROM file('x')", {})).rejects.toMatchObject({ hint: undefined })
  await expect(connection.run('CREATE TABLE t')).rejects.toMatchObject({ hint: 'This user may not write there.' })
})
