/** The live view in a real pseudo-terminal: what a person sees there, and that it is given back as it was. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { canShowLiveView } from '../../../src/cli/live-view/view.ts'
import { LATEST } from '../../latest.ts'
import { Emulator } from './emulator.ts'
import { examples } from './screens.ts'

const HERE = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const python = spawnSync('python3', ['-c', 'import pty']).status === 0

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-view-'))
const file = (name: string) => join(folder, name)
const program = file('program.mjs')

beforeAll(async () => {
  await build({
    input: HERE('program.ts'),
    platform: 'node',
    logLevel: 'silent',
    output: { file: program, format: 'esm', codeSplitting: false },
  })
  writeFileSync(file('came.json'), JSON.stringify(examples().map(({ group, packet }) => ({ group, packet }))))
})
afterAll(() => rmSync(folder, { recursive: true }))

class Session {
  readonly terminal = new Emulator()
  readonly child: ChildProcess
  /** Of the program in the terminal. */
  readonly ended: Promise<number>

  constructor(command: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn('python3', [HERE('in-terminal.py'), ...command], {
      env: {
        PATH: process.env.PATH,
        TERM: 'xterm',
        LANG: 'C.UTF-8',
        NODE: process.execPath,
        PROGRAM: program,
        CAME: file('came.json'),
        PID: file('pid'),
        ...env,
      },
    })
    onTestFinished(() => void this.child.kill('SIGKILL'))
    const decoder = new TextDecoder()
    this.child.stdout!.on('data', (data) => this.terminal.write(decoder.decode(data, { stream: true })))
    let code = ''
    this.child.stderr!.on('data', (data) => {
      code += data
    })
    this.ended = new Promise((resolve) => this.child.on('close', () => resolve(Number(code || Number.NaN))))
  }

  type(text: string): void {
    this.child.stdin!.write(`${JSON.stringify({ type: text })}\n`)
  }

  resize(columns: number, rows: number): void {
    this.child.stdin!.write(`${JSON.stringify({ size: [columns, rows] })}\n`)
  }

  get screen(): string {
    return this.terminal.lines.join('\n')
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + LATEST
    while (!holds()) {
      if (Date.now() > end) throw new Error(`${what}: not so. On the screen:\n${this.screen}\n\n${this.terminal.main}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  shows = (text: string | RegExp) =>
    this.until(`shows ${text}`, () => (typeof text === 'string' ? this.screen.includes(text) : text.test(this.screen)))

  writes = (text: string) => this.until(`writes ${text}`, () => this.terminal.main.includes(text))

  /** How many packets it says it has seen; asks again where what is drawn has not come whole. */
  async counted(): Promise<number> {
    let count = Number.NaN
    await this.until('a number of packets', () => {
      count = this.packets
      return count > 0
    })
    return count
  }

  /** NaN while the line is not there, or being drawn. */
  get packets(): number {
    return Number(/^([\d,]+) packets/m.exec(this.screen)?.[1]?.replaceAll(',', ''))
  }
}

/** The other screen is left, lines are broken and the cursor is shown again, what is pasted comes as it is. */
const expectGivenBack = ({ terminal }: Session) => expect([...terminal.modes].sort()).toEqual(['25', '7'])

/** Runs the program between two looks at the terminal's modes. */
const COMPARED = [
  'sh',
  '-c',
  `stty -a > "$PID.before"; "$NODE" "$PROGRAM"; code=$?; stty -a > "$PID.after"; exit $code`,
]
const expectSameModes = () => {
  const before = readFileSync(file('pid.before'), 'utf8')
  expect(before).toMatch(/(?<!-)icanon/)
  expect(readFileSync(file('pid.after'), 'utf8')).toBe(before)
}

const pid = () => Number(readFileSync(file('pid'), 'utf8'))

describe.skipIf(!python)('in a terminal, which python3 makes', () => {
  test('shows, pauses, filters, opens, quits', async () => {
    const session = new Session(COMPARED)
    await session.shows('ten packets have come')
    await session.shows(/^ {2}✗ DROPPED .* ×\d+$/m)
    expect(session.terminal.lines).toHaveLength(24)
    expect(session.screen).toMatch(
      /^packets of the examples .*(10|9):\d\d left\n\d+ packets {3}! 3 events lost by the kernel/,
    )
    expect(session.terminal.modes.has('25')).toBe(false)

    session.type(' ')
    await session.shows(/^paused, \d+ new/m)
    const list = () => session.terminal.lines.filter((line) => /^[▸ ] [✗✓!]/.test(line))
    const [still, counted] = [list(), await session.counted()]
    await session.until('counts on', () => session.packets > counted + 50)
    expect(list()).toEqual(still)
    session.type(' ')
    await session.shows(/^tracing +\? help/m)

    session.type('/')
    await session.shows('filter: ')
    expect(session.terminal.modes.has('25')).toBe(true)
    session.type('dst prot 80\r')
    await session.shows('^^^^')
    session.type('\x15dst port 52000\r')
    await session.shows(/^filter: dst port 52000, \d+ of \d+ packets/m)
    expect(session.screen).not.toContain('✓ DELIVERED')

    session.type('g')
    await session.shows('▸ ✗ DROPPED')
    session.type('\r')
    await session.shows(/^lines 1–22 of \d+/m)
    expect(session.screen).toContain('nat -D KUBE-NODEPORTS 16')
    session.type('\x1b[6~')
    await session.shows('prerouting  in eth0')
    session.type('\x1b')
    await session.shows('── rules that decided ─')

    session.type('q')
    expect(await session.ended).toBe(0)
    expectGivenBack(session)
    expectSameModes()
    expect(session.terminal.main.trimEnd()).toMatch(/the summary$/)
  })

  test('is drawn at most ten times a second and some, however many packets come', { tags: ['slow'] }, async () => {
    const session = new Session(['sh', '-c', '"$NODE" "$PROGRAM"'])
    await session.shows('ten packets have come')
    // what a busy machine shows late came in a second before: of several seconds one is as it was drawn
    const drawn: { times: number; most: number }[] = []
    for (let i = 0; i < 4 && !drawn.some(({ times, most }) => times <= most); i++) {
      const [before, began] = [session.terminal.drawings, Date.now()]
      await new Promise((resolve) => setTimeout(resolve, 1000))
      drawn.push({ times: session.terminal.drawings - before, most: (10 * (Date.now() - began)) / 1000 + 2 })
    }
    expect(drawn.some(({ times, most }) => times <= most)).toBe(true)
    expect(Math.max(...drawn.map(({ times }) => times))).toBeGreaterThan(2)
    session.type('q')
    await session.ended
  })

  test('fills a terminal whose size changes', async () => {
    const session = new Session(COMPARED)
    await session.shows('packets')
    session.resize(140, 40)
    await session.until('40 rows', () => session.terminal.lines.length === 40)
    await session.shows(/│ ── rules that decided ─/)
    session.resize(40, 10)
    await session.until('10 rows', () => session.terminal.lines.length === 10 && session.packets > 0)
    await session.shows(/^(\d|,)+ packets {3}! 3 lost {3}✗ /m)
    expect(session.terminal.lines.every((line) => [...line].length <= 40)).toBe(true)
    session.resize(80, 24)
    session.type('\x03')
    expect(await session.ended).toBe(0)
    expectGivenBack(session)
    expectSameModes()
  })

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s gives the terminal back', async (signal) => {
    const session = new Session(COMPARED)
    await session.shows('packets')
    process.kill(pid(), signal)
    expect(await session.ended).toBe(0)
    expectGivenBack(session)
    expectSameModes()
    expect(session.terminal.main.trimEnd()).toMatch(/the summary$/)
  })

  test('Ctrl-C ends it the second time, whatever it waits for', async () => {
    const session = new Session(COMPARED, { HANGS: '1' })
    await session.shows('packets')
    session.type('\x03')
    await session.shows(/^packets of the examples .* ending$/m)
    const counted = await session.counted()
    await session.until('counts on', () => session.packets > counted)
    session.type('\x03')
    expect(await session.ended).toBe(130)
    expectGivenBack(session)
    expectSameModes()
  })

  test('a program that fails gives the terminal back, and is heard', async () => {
    const session = new Session(COMPARED, { FAILS: '1' })
    expect(await session.ended).toBe(2)
    expectGivenBack(session)
    expectSameModes()
    expect(session.terminal.main).toContain('it fails on purpose')
  })

  test('Ctrl-Z stops it, fg goes on', async () => {
    const session = new Session(['bash', '--norc', '--noprofile', '-i'], { PS1: '$ ' })
    session.type('stty -a > "$PID.before"; "$NODE" "$PROGRAM"\n')
    await session.shows('ten packets have come')
    session.type('\x1a')
    await session.writes('Stopped')
    expect(session.terminal.alternate).toBe(false)
    session.type('stty -a > "$PID.after"; echo $((6 * 7)) modes\n')
    await session.writes('42 modes')
    const modes = (name: string) => readFileSync(file(name), 'utf8')
    expect(modes('pid.after')).toBe(modes('pid.before'))

    session.type('fg\n')
    await session.shows(/^packets of the examples /m)
    const counted = await session.counted()
    await session.until('counts on', () => session.packets > counted)
    session.type('q')
    await session.writes('the summary')
    session.type('exit\n')
    await session.ended
    expect(session.terminal.alternate).toBe(false)
  })

  test('Ctrl-Z where nobody could continue it changes nothing', async () => {
    // the program is alone in its session: there is no shell that could say fg
    const session = new Session(['sh', '-c', 'exec "$NODE" "$PROGRAM"'])
    await session.shows('packets')
    session.type('\x1a')
    const counted = await session.counted()
    await session.until('counts on', () => session.packets > counted + 20)
    session.type('q')
    expect(await session.ended).toBe(0)
    expectGivenBack(session)
  })

  test('ends when the terminal is taken away', async () => {
    rmSync(file('pid'), { force: true })
    const session = new Session(['sh', '-c', 'exec "$NODE" "$PROGRAM"'])
    await session.shows('packets')
    const running = pid()
    session.child.kill('SIGKILL')
    await session.until('the program ends', () => !existsSync(`/proc/${running}/stat`) || isZombie(running))
  })
})

const isZombie = (running: number) => {
  try {
    return /\) Z /.test(readFileSync(`/proc/${running}/stat`, 'utf8'))
  } catch {
    return true
  }
}

test('is for terminals with somebody at the keys', () => {
  const yes = { isTTY: true }
  expect(canShowLiveView(yes, yes, { TERM: 'xterm' })).toBe(true)
  expect(canShowLiveView(yes, {}, { TERM: 'xterm' })).toBe(false)
  expect(canShowLiveView({}, yes, { TERM: 'xterm' })).toBe(false)
  expect(canShowLiveView(yes, yes, { TERM: 'dumb' })).toBe(false)
  expect(canShowLiveView(yes, yes, {})).toBe(false)
})
