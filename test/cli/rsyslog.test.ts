/** The configuration of rsyslog that docs/store.md prints, in two real ones: lines of --ndjson get to the other as they are. */
// @module-tag slow
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, onTestFinished, test } from 'vitest'
import { hasProgram } from '../store/servers.ts'
import { EXAMPLE, folder, nfwhy } from './nfwhy.ts'

const PAGE = readFileSync(new URL('../../docs/store.md', import.meta.url), 'utf8')

/** The block of the page behind this mark. */
function block(mark: string): string {
  const [, text] = new RegExp(`<!-- rsyslog ${mark} -->\n\n\`\`\`\\w+\n(.*?)\`\`\``, 's').exec(PAGE) ?? []
  if (text === undefined) throw new Error(`docs/store.md has no ${mark}`)
  return text
}

/** Each `from` stands there, and becomes `to`. */
const changed = (text: string, changes: Readonly<Record<string, string>>): string =>
  Object.entries(changes).reduce((changing, [from, to]) => {
    expect(changing).toContain(from)
    return changing.replaceAll(from, to)
  }, text)

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await closed
}

test.skipIf(!hasProgram('rsyslogd'))('brings lines to another machine, which was away', async () => {
  const at = folder()
  // under another name: nfwhy doctor, which other tests ask meanwhile, looks whether rsyslogd runs
  const program = join(at, 'shipper')
  const folders = `${process.env.PATH}:/usr/sbin:/sbin`.split(':')
  symlinkSync(join(folders.find((one) => existsSync(join(one, 'rsyslogd')))!, 'rsyslogd'), program)
  const port = String(await freePort())
  const [lines, hosts] = [join(at, 'lines'), join(at, 'hosts')]
  for (const name of [lines, hosts]) mkdirSync(name)
  const texts = {
    host: changed(block('host'), { '/var/log/nfwhy': lines, 'logs.example': '127.0.0.1', '10514': port }),
    centre: changed(block('centre'), { '/var/log/nfwhy-hosts': hosts, '0.0.0.0': '127.0.0.1', '10514': port }),
  }
  const start = (name: keyof typeof texts): ChildProcess => {
    const work = join(at, `${name}.work`)
    if (!existsSync(work)) mkdirSync(work)
    const both = block('both').replace('global(', `global(workDirectory="${work}" `)
    writeFileSync(join(at, `${name}.conf`), both + texts[name].replace('resumeInterval="5"', 'resumeInterval="1"'))
    const args = ['-n', '-f', join(at, `${name}.conf`), '-i', join(at, `${name}.pid`)]
    const child = spawn(program, args, { stdio: 'ignore' })
    onTestFinished(() => ended(child))
    return child
  }
  const { stdout } = await nfwhy(['explain', EXAMPLE, '--ndjson'])
  // longer than what rsyslog takes by itself
  expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeGreaterThan(8192)
  const come = () => {
    const [name] = readdirSync(hosts)
    return name === undefined ? [] : readFileSync(join(hosts, name), 'utf8').split('\n').slice(0, -1)
  }
  const arrives = (sent: readonly string[]) =>
    expect.poll(() => [...new Set(come())].sort()).toEqual([...new Set(sent)].sort())

  const file = join(lines, 'trace.ndjson')
  writeFileSync(file, stdout)
  start('host')
  const first = start('centre')
  const sent = stdout.split('\n').slice(0, -1)
  await arrives(sent)
  await ended(first)
  const later = sent.map((line) => line.replace(/^\{/, '{"again":true,'))
  appendFileSync(file, later.map((line) => `${line}\n`).join(''))
  start('centre')
  await arrives([...sent, ...later])

  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const asked = changed(block('query'), { '/var/log/nfwhy-hosts': hosts })
  const answer = await connection.runAndReadAll(asked)
  expect(answer.getRowsJson()).toEqual([['KUBE-NODEPORTS', expect.stringContaining('--dport 52000'), '2']])
  connection.closeSync()
})
