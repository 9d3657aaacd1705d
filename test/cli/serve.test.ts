/** `nfwhy serve` on the command line: what it prints, and what it refuses. What it serves: test/server, test/page. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BIN, begin, EXAMPLE, folder, nfwhy } from './nfwhy.ts'

const RUNNING = /^Open (http:\/\/127\.0\.0\.1:(\d+)\/[0-9a-f]{32}\/) in a browser on this machine\. Ctrl-C ends it\.\n$/

/** Its link, once that is printed. */
async function serve(args: readonly string[], input?: string) {
  const run = begin(['serve', ...args])
  onTestFinished(() => void run.child.kill('SIGKILL'))
  if (input !== undefined) {
    run.write(input)
    run.child.stdin!.end()
  }
  await run.shows('Ctrl-C')
  const [, link = '', port = ''] = RUNNING.exec(run.shown()) ?? []
  expect(link).not.toBe('')
  return { ...run, link, port: Number(port) }
}

const listOf = async (link: string) => (await (await fetch(`${link}inputs`)).json()) as { name: string; size: number }[]

/** One that is free at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => server.once('listening', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}

test('prints one line with the link and how to end it, and ends at once by Ctrl-C', async () => {
  const { child, link } = await serve([EXAMPLE])
  expect((await fetch(link)).status).toBe(200)
  const ended = new Promise((done) => child.on('exit', (_, signal) => done(signal)))
  child.kill('SIGINT')
  expect(await ended).toBe('SIGINT')
})

test('listens on the port of --port', async () => {
  const port = await freePort()
  expect((await serve(['--port', String(port), EXAMPLE])).port).toBe(port)
})

test('takes the inputs that explain takes: folders, each file once, hidden ones not', async () => {
  const path = folder({ 'a/log': 'x', 'a/.hidden': 'x', 'b/rules': 'yy' })
  const { link } = await serve([path, join(path, 'a/log')])
  expect(await listOf(link)).toMatchObject([
    { name: join(path, 'a/log'), size: 1 },
    { name: join(path, 'b/rules'), size: 2 },
  ])
})

describe('keeps a pipe in a file that has no name', () => {
  test('of standard input, whether it is named or not', async () => {
    for (const args of [['-'], []]) {
      const before = readdirSync('/tmp').filter((name) => name.startsWith('nfwhy-'))
      const { link } = await serve(args, 'piped in')
      expect(await listOf(link)).toMatchObject([{ name: 'standard input', size: 8 }])
      for (let i = 0; i < 2; i++) expect(await (await fetch(`${link}inputs/0`)).text()).toBe('piped in')
      const after = readdirSync('/tmp').filter((name) => name.startsWith('nfwhy-'))
      expect(
        after.filter((name) => !before.includes(name) && readdirSync(join('/tmp', name)).includes('input')),
      ).toEqual([])
    }
  })

  test('and opens an empty page where nothing comes of one that was not named', async () => {
    expect(await listOf((await serve([], '')).link)).toEqual([])
    expect(await listOf((await serve(['-'], '')).link)).toMatchObject([{ name: 'standard input', size: 0 }])
  })

  test('of a FIFO', () => {
    const script = `node ${BIN} serve <(printf 'from a pipe') > out & sleep 0.1
      until grep -q http out; do sleep 0.1; done
      node -e "fetch(/http:\\S+/.exec(fs.readFileSync('out'))[0] + 'inputs/0').then(async (r) => console.log(await r.text()))"
      kill -KILL %1`
    const cwd = folder({ out: '' })
    expect(
      execFileSync('bash', ['-c', `set -m\n${script}`], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    ).toBe('from a pipe\n')
  })

  test('until Ctrl-C, where it does not end by itself', async () => {
    const run = begin(['serve', '-'])
    onTestFinished(() => void run.child.kill('SIGKILL'))
    run.write('what came')
    let said = ''
    run.child.stderr!.on('data', (part) => {
      said += part
    })
    await expect.poll(() => said).toBe('Reading standard input to its end …\n')
    await new Promise((done) => setTimeout(done, 300))
    run.child.kill('SIGINT')
    await run.shows('Ctrl-C')
    const [, link = ''] = RUNNING.exec(run.shown())!
    expect(await (await fetch(`${link}inputs/0`)).text()).toBe('what came')
    const ended = new Promise((done) => run.child.on('exit', (_, signal) => done(signal)))
    run.child.kill('SIGINT')
    expect(await ended).toBe('SIGINT')
  })
})

describe('refuses', () => {
  const refused = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await nfwhy(['serve', ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    return stderr
  }

  test.each(['0', '65536', '-1', '80a', '1e3', ''])('the port "%s"', async (port) =>
    expect(await refused([`--port=${port}`, EXAMPLE])).toBe(`nfwhy: --port ${port}: give a number from 1 to 65535.\n`),
  )

  test('a port that another program uses', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    expect(await refused(['--port', String(port), EXAMPLE])).toBe(
      `nfwhy: --port ${port}: another program uses this port.\nLeave out --port: nfwhy finds a free one.\n`,
    )
  })

  test('what is not there, as other commands do', async () => {
    expect(await refused(['nowhere'])).toBe('nfwhy: nowhere: there is no such file.\n')
    expect(await refused([''])).toContain('An input has the empty name')
    const empty = folder()
    mkdirSync(join(empty, 'sub'))
    expect(await refused([empty])).toContain('there is no file in this folder')
    expect(await refused(['--as', 'nonsense:x'])).toContain('there is no format "nonsense"')
  })
})

test('no other command loads the server', () => {
  const script = `const scripts = require('${BIN.replace('nfwhy.js', 'load.js')}').load('${BIN.replace('bin/nfwhy.js', 'dist')}', 'cli.cjs')
    process.on('exit', () => process.stderr.write([...scripts.keys()].join()))`
  const file = join(folder({ 'start.cjs': script }), 'start.cjs')
  const loaded = (...args: string[]) => {
    const err = join(folder({ err: '' }), 'err')
    execFileSync('bash', ['-c', `node "$@" </dev/null >/dev/null 2>${err} || true`, 'bash', file, ...args])
    return readFileSync(err, 'utf8').split('\n').at(-1)
  }
  expect(loaded('--version')).toBe('cli.cjs')
  expect(loaded('explain', EXAMPLE)).toBe('cli.cjs,offline.cjs')
  expect(loaded('serve', '--help')).toBe('cli.cjs,server.cjs,offline.cjs,live.cjs')
  // what asks machines is loaded once an assistant wants it
  expect(loaded('mcp', '--allow-trace', EXAMPLE)).toBe('cli.cjs,offline.cjs,mcp.cjs')
})
