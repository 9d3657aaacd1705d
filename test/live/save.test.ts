/** --save to where nothing can be written: it says so at once, and nothing is asked or set up over there. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nfwhy } from '../cli/nfwhy.ts'
import { TestPlace, whyNoPlace } from './lab/place.ts'
import { TraceRun } from './lab/session.ts'
import { Patience } from './lab/slowness.ts'

const missing = whyNoPlace()

/** In front of nfwhy: sh that sees its own mounts, with the folder as `$0`. */
const where = (mount: string, folder: string): string[] => [
  'unshare',
  '--mount',
  'sh',
  '-c',
  `${mount} && exec "$@"`,
  folder,
]
const READ_ONLY = 'mount -t tmpfs -o ro none "$0"'
const FULL = 'mount -t tmpfs -o size=4k none "$0" && head -c 4096 /dev/zero >"$0/full"'

describe.skipIf(missing)(`--save where nothing can be written${missing ? `: ${missing}` : ''}`, () => {
  test.for([
    ['/proc', () => '/proc/nfwhy-1/bundle', [], /the folder cannot be created there/],
    ['a file', (folder: string) => join(folder, 'file'), [], /is a file/],
    ['below a file', (folder: string) => join(folder, 'file/bundle'), [], /leads through a file/],
    ['a folder with something in it', (folder: string) => folder, [], /the folder is not empty/],
    ['a disk that may only be read', (folder: string) => join(folder, 'disk/new/bundle'), [READ_ONLY], /read-only/],
    ['its own folder is such a disk', (folder: string) => join(folder, 'disk'), [READ_ONLY], /read-only/],
    ['a full disk', (folder: string) => join(folder, 'disk/new/bundle'), [FULL], /disk is full/],
  ] as const)('%s', async ([, path, mounts, why], { onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(join(folder, 'file'), 'something')
    mkdirSync(join(folder, 'disk'))
    const asked = join(folder, 'asked')
    const command = mounts.flatMap((mount) => where(mount, join(folder, 'disk')))
    const patience = new Patience(5, onTestFinished)
    const run = new TraceRun(['--save', path(folder), '--via', `touch ${asked}`], { command })
    onTestFinished(() => run.kill())
    const { code, stderr } = await run.ended
    expect(code, stderr).toBe(2)
    expect(stderr).toMatch(/^nfwhy: --save /)
    expect(stderr).toMatch(why)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(existsSync(asked)).toBe(false)
    expect(patience.isOver).toBe(false)
  })

  test('a start that is refused leaves no folder', async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const { code } = await new TraceRun(['--save', join(folder, 'new/bundle'), '--via', 'true']).ended
    expect(code).toBe(2)
    expect(existsSync(join(folder, 'new'))).toBe(false)
  })

  test('what can be written is', async ({ onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), 'nfwhy-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const place = await TestPlace.open(onTestFinished)
    const run = place.trace(['--save', join(folder, 'new/bundle'), '--for', '100ms'])
    expect((await run.ended).code, run.stderr).toBe(0)
    expect(existsSync(join(folder, 'new/bundle/nfwhy-trace.nft'))).toBe(true)
    expect(existsSync(join(folder, 'new/bundle/.nfwhy'))).toBe(false)
    // no packet was sent: the bundle says so, and is no mistake
    const explained = await nfwhy(['explain', join(folder, 'new/bundle')])
    expect(explained).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0 packets\n/) })
    expect(explained.stderr).toMatch(/was traced from \d{4}-/)
  })
})
