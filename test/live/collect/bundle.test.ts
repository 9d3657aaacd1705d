/** A bundle where others may write as well, and with names as long as a machine may have. */

import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type BundleFile, makeBundle } from '../../../src/live/collect/bundle.ts'

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'nfwhy-bundle-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}
const file = (name: string, meanwhile = () => {}): BundleFile => ({
  name,
  *blocks() {
    meanwhile()
    yield new TextEncoder().encode('content')
  },
})
const partOf = (path: string) => join(path, '..', `.${basename(path)}.part-${process.pid}`)

describe.each(['why', 'why.tgz'])('%s', (name) => {
  test('what somebody has laid in the place of its unfinished beginning stays', async () => {
    const path = join(folder(), name)
    const part = partOf(path)
    mkdirSync(part)
    writeFileSync(join(part, 'theirs'), '')
    const bundle = makeBundle(path)
    await expect(bundle.write([file('a.txt')])).rejects.toThrow('EEXIST')
    bundle.discard()
    expect(readdirSync(part)).toEqual(['theirs'])
  })

  test('a link in the place of its unfinished beginning is not written through', async () => {
    const path = join(folder(), name)
    const victim = join(folder(), 'victim')
    symlinkSync(victim, partOf(path))
    const bundle = makeBundle(path)
    await expect(bundle.write([file('a.txt')])).rejects.toThrow('EEXIST')
    bundle.discard()
    expect(existsSync(victim)).toBe(false)
    expect(readdirSync(join(path, '..'))).toEqual([basename(partOf(path))])
  })

  test('what appears under its name while it is written is not replaced', async () => {
    const path = join(folder(), name)
    const victim = join(folder(), 'victim')
    writeFileSync(victim, 'mine')
    const bundle = makeBundle(path)
    const lay = () => existsSync(path) || symlinkSync(victim, path)
    await expect(bundle.write([file('a.txt', lay as () => void)])).rejects.toThrow(/EEXIST|ENOTDIR/)
    bundle.discard()
    expect(readFileSync(path, 'utf8')).toBe('mine')
    expect(readdirSync(join(path, '..'))).toEqual([name])
  })
})

test('a name of 64 letters, as a machine may have, has room in an archive', async () => {
  const path = join(folder(), `nfwhy-${'h'.repeat(64)}-20260101-000000Z.tgz`)
  await makeBundle(path).write([file(`${'m'.repeat(60)}/ip6tables-legacy.rules`), file('a.txt')])
  const { stdout } = spawnSync('tar', ['tzf', path], { encoding: 'utf8' })
  expect(stdout.split('\n').map((line) => line.length)).toEqual([87 + 1 + 60 + 1 + 22, 87 + 6, 0])
})
