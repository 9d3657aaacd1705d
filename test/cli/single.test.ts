/** nfwhy in one file: alone in an empty folder, with nothing but Node. */
// @module-tag slow
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { nfwhy } from './nfwhy.ts'

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-single-'))
const file = join(folder, 'nfwhy')
const EXAMPLES = join(ROOT, 'examples')
const env = {
  PATH: `${dirname(process.execPath)}:/usr/sbin:/usr/bin:/sbin:/bin`,
  LANG: 'C.UTF-8',
  NFWHY_CALLED_AS: 'nfwhy',
}

beforeAll(() => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/single.mjs'), file])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What it prints, and its exit code. */
function single(...args: string[]): { code: number | null; stdout: string } {
  const { status, stdout } = spawnSync(file, args, { cwd: folder, env, encoding: 'utf8' })
  return { code: status, stdout }
}

describe('nfwhy in one file', () => {
  it('explains, simulates and helps as the package does', async () => {
    // the scripts are the package's own, so some are as good as all
    const examples = readdirSync(EXAMPLES).filter((name, i) => !name.includes('.') && i % 2 === 0)
    expect(examples.length).toBeGreaterThan(4)
    for (const name of examples) {
      const args = ['explain', join(EXAMPLES, name), '--full']
      expect(await nfwhy(args)).toMatchObject(single(...args))
    }
    for (const args of [['help', 'near-miss'], ['help', 'codes'], ['--help']])
      expect(await nfwhy(args)).toMatchObject(single(...args))
  })

  it('writes the same report, and leaves nothing else behind', async () => {
    const example = join(EXAMPLES, 'nodeport-clash')
    single('explain', example, '-o', 'one.html')
    await nfwhy(['explain', example, '-o', join(folder, 'package.html')])
    execFileSync('cmp', [join(folder, 'one.html'), join(folder, 'package.html')])
    expect(readdirSync(folder).sort()).toEqual(['nfwhy', 'one.html', 'package.html'])
  })

  it('serves the page', async () => {
    const child = spawn(file, ['serve', join(EXAMPLES, 'nodeport-clash')], { cwd: folder, env })
    onTestFinished(() => void child.kill())
    const [printed] = await once(child.stdout, 'data')
    const [link] = /http:\S+/.exec(String(printed))!
    const page = await (await fetch(link)).text()
    expect(page).toContain('<script src="page.js" defer></script>')
    for (const name of ['page.js', 'page.css', 'worker.js']) expect((await fetch(link + name)).status).toBe(200)
  })

  it('runs in a folder of modules and in one of CommonJS', () => {
    const version = single('--version').stdout
    for (const type of ['module', 'commonjs']) {
      const other = mkdtempSync(join(folder, 'as-'))
      onTestFinished(() => rmSync(other, { recursive: true }))
      writeFileSync(join(other, 'package.json'), JSON.stringify({ type }))
      copyFileSync(file, join(other, 'nfwhy'))
      expect(execFileSync(join(other, 'nfwhy'), ['--version'], { env, encoding: 'utf8' })).toBe(version)
    }
  })
})
