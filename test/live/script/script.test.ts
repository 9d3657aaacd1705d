/** The scripts in shells of several kinds, with sections of the test's own; what the real ones print is test/kernel/collect.test.ts. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  ABOUT,
  ABSENT,
  type Frame,
  FrameReader,
  NOTES,
  REFUSED,
  type Section,
  sectionScript,
} from '../../../src/live/script/index.ts'
import { LATEST } from '../../latest.ts'

const NONCE = 'q8dWm2Zk01'
const section = (id: string, sh: string, file = `${id}.txt`): Section => ({
  id,
  file,
  what: `it's ${id}`,
  why: '',
  tag: 'host',
  sh,
})

const SECTIONS = [
  section('plain', 'echo one; echo two'),
  section('binary', String.raw`printf '\000\377\n\n'`),
  section('empty', ':'),
  section('absent', 'echo half; absent "no such thing" here; echo never'),
  section('refused', 'refused "it takes root"'),
  section('broken', 'echo some; echo "it broke" >&2; exit 3'),
  section('remark', 'echo some; echo "but not all" >&2'),
  section('reads', 'cat; echo read'),
  section('cut', String.raw`printf 'aaaa\nbbbb\ncccc\n' | first_bytes 10`),
  section('slow', 'have timeout || exit 0; LIMIT="timeout 1"; run sleep 20'),
  section('note', 'echo "for people"', NOTES),
]

const SHELLS = [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'ash']].filter(
  ([program]) => spawnSync(program!, ['--help']).error === undefined,
)

const folders: string[] = []
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), 'nfwhy-script-'))
  folders.push(made)
  return made
}
afterAll(() => {
  for (const one of folders) rmSync(one, { recursive: true })
})

describe.each(SHELLS)('%s %s', (program, ...words) => {
  const options = words.filter((word) => word !== undefined)

  it('frames what each section printed, with its status and what it complained of', () => {
    const script = sectionScript(SECTIONS, { form: 'framed', nonce: NONCE })
    const { stdout } = spawnSync(program, [...options, '-s'], { input: script })
    const frames: Frame[] = []
    const reader = new FrameReader(NONCE, (frame) => frames.push(frame))
    reader.push(stdout)
    expect(reader.end()).toEqual({ complete: true })
    const told = frames.map(({ id, bytes, status, stderr }) => [
      id,
      Buffer.from(bytes).toString('latin1'),
      status,
      stderr,
    ])
    expect(told.filter(([id]) => id !== 'slow' && id !== ABOUT)).toEqual([
      ['plain', 'one\ntwo\n', 0, ''],
      ['binary', '\0\xff\n\n', 0, ''],
      ['empty', '', 0, ''],
      ['absent', 'half\n', ABSENT, 'no such thing here'],
      ['refused', '', REFUSED, 'it takes root'],
      ['broken', 'some\n', 3, 'it broke'],
      ['remark', 'some\n', 0, 'but not all'],
      ['reads', 'read\n', 0, ''],
      ['cut', 'aaaa\nbbbb\n', 0, 'cut: it is longer; these are the first 10 bytes'],
      ['note', 'for people\n', 0, ''],
    ])
    expect(told[0]?.slice(0, 2)).toEqual([
      ABOUT,
      // this machine may have notes of sessions that were killed here
      expect.stringMatching(
        /^host .+\nboot [0-9a-f-]{36}\nwhen \d{4}-.+Z\nuid \d+\ncapabilities [0-9a-f]*\n(note [a-z]+ \S+ \/.*\n)*$/,
      ),
    ])
    expect(told.find(([id]) => id === 'slow')?.[2]).not.toBe(0)
  })

  it('does nothing at all where its text is cut', () => {
    const script = sectionScript(SECTIONS, { form: 'framed', nonce: NONCE })
    for (let length = 0; length < script.length; length += 501) {
      const { stdout } = spawnSync(program, [...options, '-s'], { input: script.slice(0, length) })
      expect(stdout.toString()).toBe('')
    }
  })

  it('makes a folder and an archive of it, readable for nobody else', () => {
    const cwd = folder()
    const script = sectionScript(SECTIONS, { form: 'folder', version: '1.2.3' })
    const { status, stdout } = spawnSync(program, [...options, '-s'], { cwd, input: script, encoding: 'utf8' })
    expect(status).toBe(0)
    const [made = '', archive] = readdirSync(cwd).sort()
    expect(stdout.trim()).toBe(archive)
    expect(archive).toBe(`${made}.tgz`)
    expect(made).toMatch(/^nfwhy-.+-\d{8}-\d{6}Z$/)
    const files = ['binary.txt', 'broken.txt', NOTES, 'cut.txt', 'plain.txt', 'reads.txt', 'remark.txt']
    expect(readdirSync(join(cwd, made)).sort()).toEqual(['absent.txt', ...files])
    expect(readFileSync(join(cwd, made, 'binary.txt'), 'latin1')).toBe('\0\xff\n\n')
    const list = readFileSync(join(cwd, made, NOTES), 'utf8')
    expect(list.split('\n')[0]).toMatch(/^# What nfwhy collect gathered/)
    expect(list).toContain('\nversion 1.2.3\n')
    expect(list).toContain("\ncollected plain.txt 8 0 it's plain\n")
    expect(list).toContain("\nempty empty.txt 0 0 it's empty\n")
    expect(list).toContain(`\nmissing absent.txt 5 ${ABSENT} it's absent: no such thing here \n`)
    expect(list).toContain(`\nrefused refused.txt 0 ${REFUSED} it's refused: it takes root \n`)
    expect(list).toContain("\nfailed broken.txt 5 3 it's broken: it broke \n")
    expect(list).toContain("\ncut cut.txt 10 0 it's cut: cut: it is longer; these are the first 10 bytes \n")
    expect(list).toContain("== it's note ==\n  for people\n")
    const listed = spawnSync('tar', ['tzvf', join(cwd, archive!)], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n')
    expect(listed).toHaveLength(files.length + 2)
    for (const line of listed) expect(line).toMatch(/^[d-]rw[x-]------ /)
  })
})

/** Somebody else may write to the folder that the script is started in. Its clock stands still, so that its names are known before. */
describe.each(SHELLS)('%s %s, where links were laid beforehand', (program, ...words) => {
  const NAME = 'nfwhy-node-20260101-000000Z'
  const options = words.filter((word) => word !== undefined)

  function place(sections: readonly Section[]) {
    const root = folder()
    const [bin, cwd, victim] = ['bin', 'cwd', 'victim'].map((name) => join(root, name)) as [string, string, string]
    for (const one of [bin, cwd, victim]) mkdirSync(one)
    writeFileSync(join(victim, 'file'), 'mine')
    writeFileSync(join(bin, 'date'), '#!/bin/sh\necho 20260101-000000Z\n', { mode: 0o755 })
    writeFileSync(join(bin, 'uname'), '#!/bin/sh\necho node\n', { mode: 0o755 })
    const how = {
      cwd,
      input: sectionScript(sections, { form: 'folder', version: '1' }),
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, VICTIM: victim, AROUND: cwd },
      encoding: 'utf8',
      timeout: LATEST,
    } as const
    return { cwd, victim, run: () => spawnSync(program, [...options, '-s'], how) }
  }
  const untouched = (victim: string) => {
    expect(readdirSync(victim)).toEqual(['file'])
    expect(readFileSync(join(victim, 'file'), 'utf8')).toBe('mine')
  }
  const plain = [section('plain', 'echo one')]

  it.each([
    ['a link to a file', (cwd: string, victim: string) => symlinkSync(join(victim, 'file'), join(cwd, `${NAME}.tgz`))],
    [
      'a link to nothing yet',
      (cwd: string, victim: string) => symlinkSync(join(victim, 'new'), join(cwd, `${NAME}.tgz`)),
    ],
    ['a link to a folder', (cwd: string, victim: string) => symlinkSync(victim, join(cwd, `${NAME}.tgz`))],
    ['a file', (cwd: string) => writeFileSync(join(cwd, `${NAME}.tgz`), 'theirs')],
    ['a pipe', (cwd: string) => spawnSync('sh', ['-c', 'mkfifo "$0"', join(cwd, `${NAME}.tgz`)])],
  ])('in the place of the archive %s stays, and the folder is whole', (_, lay) => {
    const { cwd, victim, run } = place(plain)
    lay(cwd, victim)
    const before = lstatSync(join(cwd, `${NAME}.tgz`))
    const { status, stdout, stderr, signal } = run()
    expect({ status, stdout, signal }).toEqual({ status: 1, stdout: '', signal: null })
    expect(stderr).toContain(`The folder is whole: ${NAME}`)
    expect(readFileSync(join(cwd, NAME, 'plain.txt'), 'utf8')).toBe('one\n')
    const after = lstatSync(join(cwd, `${NAME}.tgz`))
    expect([after.ino, after.size, after.mtimeMs]).toEqual([before.ino, before.size, before.mtimeMs])
    untouched(victim)
  })

  it('in the place of the folder a link stays, and nothing is gathered', () => {
    const { cwd, victim, run } = place(plain)
    symlinkSync(victim, join(cwd, NAME))
    expect(run()).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('cannot make a folder here') })
    expect(readdirSync(cwd)).toEqual([NAME])
    untouched(victim)
  })

  it('a folder that is exchanged for a link on the way is not written through', () => {
    const steal = section('steal', `mv "$AROUND/${NAME}" "$AROUND/away"; ln -s "$VICTIM" "$AROUND/${NAME}"`)
    const { cwd, victim, run } = place([steal, ...plain])
    const { status, stdout } = run()
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(readFileSync(join(cwd, 'away', 'plain.txt'), 'utf8')).toBe('one\n')
    untouched(victim)
  })

  it('stopped on the way, it removes what it made alone', () => {
    const { cwd, victim, run } = place([...plain, section('stop', 'kill -TERM $$')])
    writeFileSync(join(cwd, `${NAME}.tgz`), 'theirs')
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('stopped; nothing is left behind') })
    expect(readdirSync(cwd)).toEqual([`${NAME}.tgz`])
    untouched(victim)
  })
})

const noMounts =
  spawnSync('unshare', [process.getuid?.() === 0 ? '-m' : '-rm', 'true']).status === 0
    ? undefined
    : 'no right to make a mount namespace (run as root, or allow unprivileged user namespaces)'
if (noMounts) console.warn(`full and read-only disks are not tried: ${noMounts}`)

describe('where nothing can be written', () => {
  const script = sectionScript([section('big', 'head -c 3000000 /dev/zero'), section('small', 'echo x')], {
    form: 'folder',
    version: '1',
  })
  const run = (setup: string) =>
    spawnSync('unshare', [...(process.getuid?.() === 0 ? ['-m'] : ['-rm']), 'sh', '-c', setup, 'sh', script], {
      encoding: 'utf8',
    })

  it.skipIf(noMounts).each([
    ['a full disk', 'size=1m', 'the disk is full'],
    ['a disk without an inode left', 'nr_inodes=1', 'cannot make a folder'],
    ['a disk that is read-only', 'ro', 'cannot make a folder'],
  ])('%s is told, and nothing is left behind', (_, option, words) => {
    const at = folder()
    chmodSync(at, 0o755)
    const { status, stderr, stdout } =
      run(`mount -t tmpfs -o ${option} none ${at} && cd ${at} && printf '%s' "$1" | sh -s
status=$?; ls -A; exit $status`)
    expect(stderr).toContain(words)
    expect(status).toBe(1)
    expect(stdout).toBe('')
  })
})
